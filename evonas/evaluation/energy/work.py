"""Work, counted in operations and words moved, and what it costs in energy."""

from dataclasses import dataclass, fields
from typing import final

PHILOX_ROUNDS = 10
PHILOX_NUMBERS = 4
"""Philox4x32-10 (Salmon et al. 2011) makes so many 32-bit numbers in so many rounds."""


@final
@dataclass(frozen=True)
class Picojoules:
    """What one operation on 32-bit numbers costs, in picojoules.

    The defaults are those of a 45 nm process at 0.9 V: arithmetic as in M. Horowitz, "Computing's
    energy problem (and what we can do about it)", ISSCC 2014, Fig. 1.1.9; a word from DRAM as in
    S. Han, J. Pool, J. Tran and W. Dally, "Learning both weights and connections for efficient
    neural networks", 2015, Table 1 (Horowitz gives 1.3 to 2.6 nJ for 64 bits).

    Attributes:
        multiplication: of two floats.
        addition: of two floats, or a comparison.
        word: 32 bits read from memory, or written to it.
        integer_multiplication: of two integers.
        integer_addition: of two integers, or a logical operation.
    """

    multiplication: float = 3.7
    addition: float = 0.9
    word: float = 640.0
    integer_multiplication: float = 3.1
    integer_addition: float = 0.1

    @property
    def random_number(self) -> float:
        """Of a counter-based generator; a round is 2 products, 4 exclusive ors, 2 key steps."""
        round_of_four = 2 * self.integer_multiplication + 6 * self.integer_addition
        return PHILOX_ROUNDS * round_of_four / PHILOX_NUMBERS


@final
@dataclass(frozen=True)
class Work:
    """A number of operations; work is added up, and multiplied by how often it is done.

    Attributes:
        multiplications: of floats.
        additions: of floats; comparisons count as such.
        words: 32 bits each, read or written.
        random_numbers: drawn from a counter, and never stored.
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
        """The energy of all of it; at the costs of :class:`Picojoules` if none are given."""
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
    """So many products, each added to a sum."""
    return Work(multiplications=count, additions=count)


def moved(words: float) -> Work:
    """So many words, read or written."""
    return Work(words=words)
