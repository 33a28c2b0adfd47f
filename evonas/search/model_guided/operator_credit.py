"""Operator selection: operators whose children do well are drawn more often.

Probability matching (Goldberg 1990) on the rate at which an operator's children were on the front
of all results when they were learned. Every operator keeps a minimum share.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

FLOOR = 0.1
"""Minimum share of each operator."""


@dataclass(frozen=True)
class OperatorTally:
    """Counts for one operator.

    Attributes:
        made: number of candidates that it made, most of which are never asked for.
        told: number of its children with a result.
        entered: number of these that were on the front when they were learned.
    """

    made: int = 0
    told: int = 0
    entered: int = 0

    @property
    def rate(self) -> float:
        """Success rate, with one success and one failure added."""
        return (self.entered + 1) / (self.told + 2)


@final
class OperatorCredit:
    """Counts and shares of all operators.

    Args:
        operators: names of the operators.
    """

    def __init__(self, operators: Sequence[str]) -> None:
        self.records = {operator: OperatorTally() for operator in operators}

    def shares(self) -> dict[str, float]:
        """Return each operator's share of the next children; they add up to 1."""
        rates = {operator: record.rate for operator, record in self.records.items()}
        total, free = sum(rates.values()), 1.0 - FLOOR * len(rates)
        return {operator: FLOOR + free * rate / total for operator, rate in rates.items()}

    def draw(self, *, rng: random.Random) -> str:
        """Draw the operator that makes the next child."""
        shares = self.shares()
        return rng.choices(list(shares), weights=list(shares.values()))[0]

    def count_made(self, operator: str) -> None:
        """Count a new candidate."""
        record = self.records[operator]
        self.records[operator] = replace(record, made=record.made + 1)

    def count_result(self, operator: str, *, entered: bool) -> None:
        """Count the result of a child."""
        record = self.records[operator]
        self.records[operator] = replace(
            record, told=record.told + 1, entered=record.entered + entered
        )
