"""The interface of mirrors, and the errors for a missing package or store."""

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from evonas.errors import ConfigError, EvonasError, MirrorError
from evonas.report.mirrors.snapshot import Snapshot

Step = Callable[[], None]
"""Called after each training examined."""


class Mirror(Protocol):
    """A copy of one run in another tool's store."""

    def update(self, run: Snapshot, *, on_step: Step) -> None:
        """Write what is new since the last copy, by any process.

        Args:
            run: its present state.
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
    """Turn any error in this block into one about a store that cannot be opened.

    Args:
        store: the user's name for it.
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
    """Turn any error of another tool in this block into one of ours.

    The tools raise errors of their databases, of HTTP and of their own, which have no common kind.

    Args:
        store: the user's name for it.

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
