"""Count work in operations and words moved, and convert it to energy."""

from dataclasses import dataclass, fields
from typing import final

PHILOX_ROUNDS = 10
PHILOX_NUMBERS = 4
"""Rounds of Philox4x32-10 (Salmon et al. 2011), and 32-bit numbers that they give."""


@final
@dataclass(frozen=True)
class Picojoules:
    """Energy of one operation on 32-bit numbers, in picojoules.

    The defaults are those of a 45 nm process at 0.9 V: arithmetic as in M. Horowitz, "Computing's
    energy problem (and what we can do about it)", ISSCC 2014, Fig. 1.1.9; a word from DRAM as in
    S. Han, J. Pool, J. Tran and W. Dally, "Learning both weights and connections for efficient
    neural networks", 2015, Table 1 (Horowitz gives 1.3 to 2.6 nJ for 64 bits).

    Attributes:
        multiplication: multiplication of two floats.
        addition: addition or comparison of two floats.
        word: reading 32 bits from memory, or writing them to it.
        integer_multiplication: multiplication of two integers.
        integer_addition: addition of two integers, or a logical operation.
    """

    multiplication: float = 3.7
    addition: float = 0.9
    word: float = 640.0
    integer_multiplication: float = 3.1
    integer_addition: float = 0.1

    @property
    def random_number(self) -> float:
        """A counter-based random number; a round is 2 products, 4 exclusive ors, 2 key steps."""
        round_of_four = 2 * self.integer_multiplication + 6 * self.integer_addition
        return PHILOX_ROUNDS * round_of_four / PHILOX_NUMBERS


@final
@dataclass(frozen=True)
class Work:
    """Numbers of operations; supports addition, and multiplication by a number of repetitions.

    Attributes:
        multiplications: number of float multiplications.
        additions: number of float additions and comparisons.
        words: number of 32-bit words read or written.
        random_numbers: number of random numbers drawn from a counter and never stored.
    """

    multiplications: float = 0.0
    additions: float = 0.0
    words: float = 0.0
    random_numbers: float = 0.0

    def __add__(self, other: "Work") -> "Work":
        return Work(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def __mul__(self, times: float) -> "Work":
        return Work(*(getattr(self, f.name) * times for f in fields(self)))

    def microjoules(self, cost: Picojoules | None = None) -> float:
        """Total energy, by default at the costs of :class:`Picojoules`."""
        cost = cost or Picojoules()
        picojoules = (
            self.multiplications * cost.multiplication
            + self.additions * cost.addition
            + self.words * cost.word
            + self.random_numbers * cost.random_number
        )
        return picojoules * 1e-6


NOTHING = Work()


def multiply_adds(count: float) -> Work:
    """Work of ``count`` products, each added to a sum."""
    return Work(multiplications=count, additions=count)


def moved(words: float) -> Work:
    """Work of reading or writing ``words`` words."""
    return Work(words=words)
