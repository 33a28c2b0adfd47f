"""The installed version of evonas."""

from functools import cache


@cache  # reading the metadata accesses files
def evonas_version() -> str:
    """Return the version, as ``evonas --version`` prints it."""
    from importlib.metadata import PackageNotFoundError, version  # slow to import

    try:
        return version("evonas")
    except PackageNotFoundError:  # a checkout that is not installed
        return "0+unknown"
