"""Work that is done in turns, so that several candidates can share one device.

A turn hands work to the device and may end before that is done. Whoever takes the turns decides
who is next; one that is alone simply takes them all.
"""

from collections.abc import Generator
from typing import TypeAlias, TypeVar

T = TypeVar("T")

Cooperative: TypeAlias = Generator[None, None, T]


def run_to_end(work: Cooperative[T]) -> T:
    """Take all turns, one after the other; what they come to."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result
