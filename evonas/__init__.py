"""Evolutionary search for architectures and the biologically plausible rules that train them.

Nothing heavy is imported here, so that ``import evonas`` and ``evonas --help`` stay quick; import
what you need from its floor, for instance ``from evonas.rules import RULES``.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("evonas")
except PackageNotFoundError:  # a checkout that nobody installed
    __version__ = "0+unknown"

__all__ = ["__version__"]
