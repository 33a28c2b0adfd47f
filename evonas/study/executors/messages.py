"""What a worker process tells its parent; an exception that it sends is a mistake of ours."""

import pickle
from dataclasses import dataclass

from evonas.study.executors.order import Result


@dataclass(frozen=True)
class Began:
    """It has begun to work on an order.

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
        slots: slots of the worker from now on.
    """

    number: int
    result: Result
    slots: int


def portable(problem: Exception) -> Exception:
    """The exception, or its text when it cannot travel between processes."""
    try:
        pickle.loads(pickle.dumps(problem))
    except Exception:
        return RuntimeError(f"{type(problem).__name__}: {problem}")
    return problem
