"""Messages from a worker process to its parent; an exception in one is a bug of evonas."""

import pickle
from dataclasses import dataclass

from evonas.study.executors.order import Result


@dataclass(frozen=True)
class Began:
    """The worker has started an order.

    Attributes:
        number: number of the order.
    """

    number: int


@dataclass(frozen=True)
class Waits:
    """An order that had been started ran out of memory, and waits until it can start again.

    Attributes:
        number: number of the order.
    """

    number: int


@dataclass(frozen=True)
class Done:
    """A result.

    Attributes:
        number: number of the order.
        result: record and weights.
        slots: new number of slots of the worker.
    """

    number: int
    result: Result
    slots: int


@dataclass(frozen=True)
class DeviceLost:
    """The worker ends: its device works no more in this process, and may in another.

    Attributes:
        reason: the first line of the error.
    """

    reason: str


def portable(problem: Exception) -> Exception:
    """The exception, or its text if it cannot be pickled."""
    try:
        pickle.loads(pickle.dumps(problem))
    except Exception:
        return RuntimeError(f"{type(problem).__name__}: {problem}")
    return problem
