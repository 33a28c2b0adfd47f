"""Generators that split work into turns, so that several candidates can share one device.

A turn queues work on the device and may end before that work is done. The caller decides whose
turn is next; with a single candidate, :func:`run_to_end` takes all turns.
"""

from collections.abc import Generator
from typing import TypeAlias, TypeVar

T = TypeVar("T")

Cooperative: TypeAlias = Generator[None, None, T]


def run_to_end(work: Cooperative[T]) -> T:
    """Take all turns, one after the other, and return the result."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result
