"""Progress callbacks for decoding many files, for any caller up the stack."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Advance = Callable[[int, int], None]
"""Told of the files that were decoded, and of how many there are."""

_WATCHER: ContextVar[Advance | None] = ContextVar("watcher", default=None)


@contextmanager
def told_of_files(advance: Advance) -> Iterator[None]:
    """``advance`` is called in this block, after every file of a part."""
    token = _WATCHER.set(advance)
    try:
        yield
    finally:
        _WATCHER.reset(token)


def tell(done: int, total: int) -> None:
    """So many files of a part are decoded."""
    watcher = _WATCHER.get()
    if watcher is not None:
        watcher(done, total)
