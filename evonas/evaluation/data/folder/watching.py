"""Report progress while many files are decoded, to any caller further up the stack."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Advance = Callable[[int, int], None]
"""Called with the number of files decoded so far, and their total."""

_WATCHER: ContextVar[Advance | None] = ContextVar("watcher", default=None)


@contextmanager
def decoding_progress(advance: Advance) -> Iterator[None]:
    """Call ``advance`` with the progress on each part that is decoded in this block."""
    token = _WATCHER.set(advance)
    try:
        yield
    finally:
        _WATCHER.reset(token)


def tell(done: int, total: int) -> None:
    """Report that ``done`` of ``total`` files of a part are decoded."""
    watcher = _WATCHER.get()
    if watcher is not None:
        watcher(done, total)
