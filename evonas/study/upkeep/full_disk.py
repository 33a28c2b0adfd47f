"""A full disk: the run pauses, and reports which write failed and how to continue."""

import errno
import shlex
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evonas.errors import DiskFullError, StorageError
from evonas.study.upkeep.new_folder import existing_parent

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # disk full, quota exceeded, file too large
_FULL_DATABASE = ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE")


def is_full(problem: BaseException) -> bool:
    """Whether a write failed because the disk is full.

    Args:
        problem: the exception; for a failed journal write, its cause is examined.
    """
    if isinstance(problem, StorageError) and problem.__cause__ is not None:
        return is_full(problem.__cause__)
    if isinstance(problem, sqlite3.Error):
        return getattr(problem, "sqlite_errorname", "") in _FULL_DATABASE
    return isinstance(problem, OSError) and problem.errno in FULL


def check_room(folder: Path, *, needed_bytes: int) -> None:
    """Refuse to start a run that would not fit on the disk.

    Args:
        folder: the folder to create; its parents may be missing.
        needed_bytes: minimum space.

    Raises:
        DiskFullError: less is free.
        OSError: the nearest existing parent cannot be accessed.
    """
    free = shutil.disk_usage(existing_parent(folder)).free
    if free < needed_bytes:
        raise DiskFullError(
            f"{folder}: at least {needed_bytes / 1e6:.1f} MB are needed for its journal and "
            f"tables, {free / 1e6:.1f} MB are free; free some space, or choose another --out"
        )


@contextmanager
def pausing_when_full(folder: Path) -> Iterator[None]:
    """Turns a write to a full disk into a pause of the run in ``folder``.

    Raises:
        DiskFullError: names the failed write, and how to continue.
    """
    try:
        yield
    except (OSError, StorageError) as problem:
        if not is_full(problem):
            raise
        if isinstance(problem, OSError):
            path = problem.filename if problem.filename is not None else folder
            what = f"{path}: {problem.strerror}"
        else:
            what = str(problem)
        raise DiskFullError(
            f"{what}; the disk is full: the run has paused, and its results so far are kept. "
            f"Free some space, then continue with: evonas resume {shlex.quote(str(folder))}"
        ) from problem
