"""What every mirror does, and what the user is told when its package or its store is missing."""

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from evonas.errors import ConfigError, EvonasError, MirrorError
from evonas.report.mirrors.snapshot import Snapshot

Step = Callable[[], None]
"""To be called after each training that was looked at."""


class Mirror(Protocol):
    """A copy of one run in another tool's store."""

    def update(self, run: Snapshot, *, on_step: Step) -> None:
        """Write what is new since the last time, whoever wrote that.

        Args:
            run: as it is now.
            on_step: called ``len(run.trainings)`` times.

        Raises:
            ConfigError: the place in the store belongs to another run.
            MirrorError: the store cannot be reached or written.
        """


def imported(module: str, *, extra: str) -> Any:
    """A module of an optional package.

    Args:
        module: to import.
        extra: extra of evonas that installs it.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as problem:
        raise ConfigError(
            f"mirror: packages are missing for {extra} ({problem}); pip install 'evonas[{extra}]'"
        ) from problem


@contextmanager
def opening(store: str, *, expected: str) -> Iterator[None]:
    """Any error in this block means that a store cannot be opened.

    Args:
        store: as the user named it.
        expected: what it should have been, beginning with the tool.

    Raises:
        ConfigError: the block raised anything.
    """
    try:
        yield
    except Exception as problem:  # of the tool, SQLAlchemy, a driver, the file system
        reason = str(problem).splitlines()[0]
        raise ConfigError(f"{expected}, got {store}: {reason}") from problem


@contextmanager
def told_of_failures(store: str) -> Iterator[None]:
    """Any error of another tool in this block is one message of ours.

    The tools raise errors of their databases, of HTTP and of their own, which have no common kind.

    Args:
        store: as the user named it.

    Raises:
        MirrorError: the block raised what is no error of ours.
    """
    try:
        yield
    except EvonasError:
        raise
    except Exception as problem:
        lines = str(problem).strip().splitlines() or [type(problem).__name__]
        raise MirrorError(f"mirror to {store}: {lines[0]}") from problem
