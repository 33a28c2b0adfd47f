"""The ``evonas`` command."""

from evonas.cli.app import main

__all__ = ["main"]
