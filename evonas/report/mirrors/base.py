"""Interface of all mirrors, and error messages for missing packages and failing stores."""

import importlib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from evonas.errors import ConfigError, EvonasError, MirrorError
from evonas.report.mirrors.snapshot import Snapshot

Step = Callable[[], None]
"""Callback after each training that was processed."""


class Mirror(Protocol):
    """A copy of one run in another tool's store."""

    def update(self, run: Snapshot, *, on_step: Step) -> None:
        """Write what the store does not have yet, whichever process wrote to it before.

        Args:
            run: current snapshot of the run.
            on_step: callback, called ``len(run.trainings)`` times.

        Raises:
            ConfigError: the place in the store belongs to another run.
            MirrorError: the store cannot be reached or written.
        """


def imported(module: str, *, extra: str) -> Any:
    """Import a module of an optional package.

    Args:
        module: name of the module.
        extra: extra of evonas that installs the package.

    Raises:
        ConfigError: the package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as problem:
        raise ConfigError(
            f"mirror: packages are missing for {extra} ({problem}); pip install 'evonas[{extra}]'"
        ) from problem


@contextmanager
def quiet(*packages: str) -> Iterator[None]:
    """Let packages log only warnings in this block; the user may log more outside.

    Args:
        packages: names of packages, imported before.
    """
    levels = {name: logging.getLogger(name).level for name in packages}
    try:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(max(level, logging.WARNING))
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


@contextmanager
def opening(store: str, *, expected: str) -> Iterator[None]:
    """Report any error in this block as a store that cannot be opened.

    Args:
        store: the store as given by the user.
        expected: start of the message: the tool and what it expected.

    Raises:
        ConfigError: the block raised anything.
    """
    try:
        yield
    except Exception as problem:  # from the tool, SQLAlchemy, a driver or the file system
        reason = str(problem).splitlines()[0]
        raise ConfigError(f"{expected}, got {store}: {reason}") from problem


@contextmanager
def failures_as_mirror_errors(store: str) -> Iterator[None]:
    """Turn any error of another tool in this block into a MirrorError.

    The tools raise errors of their databases, of HTTP and their own, without a common base class.

    Args:
        store: the store as given by the user.

    Raises:
        MirrorError: the block raised an error that is not an ``EvonasError``.
    """
    try:
        yield
    except EvonasError:
        raise
    except Exception as problem:
        lines = str(problem).strip().splitlines() or [type(problem).__name__]
        raise MirrorError(f"mirror to {store}: {lines[0]}") from problem
