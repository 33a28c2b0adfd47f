"""Which operator makes the next child: the one whose children did best, with a share for all.

Probability matching (Goldberg 1990) of the rate at which an operator's children were on the front
of all results when they were learned.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

FLOOR = 0.1
"""The least share of each operator."""


@dataclass(frozen=True)
class OperatorTally:
    """What one operator did.

    Attributes:
        made: candidates that it made, most of which are never asked for.
        told: results of its children.
        entered: how many of these were on the front when they were learned.
    """

    made: int = 0
    told: int = 0
    entered: int = 0

    @property
    def rate(self) -> float:
        """Of success, as if one more child had succeeded and one had not."""
        return (self.entered + 1) / (self.told + 2)


@final
class OperatorCredit:
    """The records of all operators.

    Args:
        operators: their names.
    """

    def __init__(self, operators: Sequence[str]) -> None:
        self.records = {operator: OperatorTally() for operator in operators}

    def shares(self) -> dict[str, float]:
        """Of the next children; they add up to 1."""
        rates = {operator: record.rate for operator, record in self.records.items()}
        total, free = sum(rates.values()), 1.0 - FLOOR * len(rates)
        return {operator: FLOOR + free * rate / total for operator, rate in rates.items()}

    def draw(self, *, rng: random.Random) -> str:
        """The operator that makes the next child."""
        shares = self.shares()
        return rng.choices(list(shares), weights=list(shares.values()))[0]

    def note_made(self, operator: str) -> None:
        """A new candidate is there."""
        record = self.records[operator]
        self.records[operator] = replace(record, made=record.made + 1)

    def note_told(self, operator: str, *, entered: bool) -> None:
        """A child has a result."""
        record = self.records[operator]
        self.records[operator] = replace(
            record, told=record.told + 1, entered=record.entered + entered
        )
