"""The version of evonas that is installed."""

from functools import cache


@cache  # looking it up reads files
def evonas_version() -> str:
    """As ``evonas --version`` prints it."""
    from importlib.metadata import PackageNotFoundError, version  # slow to import

    try:
        return version("evonas")
    except PackageNotFoundError:  # a checkout that nobody installed
        return "0+unknown"
