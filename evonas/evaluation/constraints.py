"""Constraints on candidates, such as ``params<=1.0M``, and how far a candidate violates them."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from evonas.errors import ConfigError
from evonas.evaluation.objectives import OBJECTIVES, Objective
from evonas.registry import look_up

Relation = Literal["<=", ">="]

EXPONENTS = {"": 0, "k": 3, "K": 3, "M": 6, "G": 9, "%": -2}
_FORM = re.compile(
    r"\s*([\w.:-]+)\s*(<=|>=)\s*(-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,9})?)\s*([kKMG%]?)\s*",
    re.ASCII,
)


@dataclass(frozen=True)
class Constraint:
    """A bound on one objective.

    Attributes:
        objective: name of the objective.
        relation: relation of the value to the bound.
        bound: bound, in the objective's unit.
        text: the constraint as the user wrote it, without spaces.
    """

    objective: str
    relation: Relation
    bound: float
    text: str

    @property
    def is_free(self) -> bool:
        """Whether it can be checked without training."""
        return OBJECTIVES[self.objective].cost == "free"

    def violation(self, value: float) -> float:
        """How far ``value`` exceeds the bound, relative to it (to 1 if it is 0); 0 if met."""
        beyond = value - self.bound if self.relation == "<=" else self.bound - value
        return max(0.0, beyond) / (abs(self.bound) or 1.0)


def parse_constraint(text: str) -> Constraint:
    """Parse a constraint: an objective, ``<=`` or ``>=``, and a number.

    The number may end in k, M, G (thousands, millions, billions) or in %.

    Raises:
        ConfigError: the text has another form, or the number is not finite.
        UnknownNameError: there is no such objective.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise ConfigError(
            f"constraint '{text}': expected an objective, <= or >=, and a number that may end in "
            "k, M, G or %, such as 'params<=1.0M' or 'acc>=90%'"
        )
    name, relation, number, multiple = match.groups()
    look_up(OBJECTIVES, name, kind="objective of a constraint")
    bound = _multiplied(number, EXPONENTS[multiple])
    if not math.isfinite(bound):
        raise ConfigError(f"constraint '{text}': expected a finite number")
    return Constraint(name, "<=" if relation == "<=" else ">=", bound, "".join(text.split()))


def _multiplied(number: str, exponent: int) -> float:
    """The float nearest to a number times a power of ten.

    A product of floats can be off by one bit: 57 * 0.01 is above 0.57, so a candidate at exactly
    57% would violate ``acc>=57%``.
    """
    mantissa, _, own = number.lower().partition("e")
    return float(f"{mantissa}e{int(own or 0) + exponent}")


def check_constraints(constraints: Sequence[Constraint]) -> None:
    """Reject constraints that no candidate can meet, alone or together.

    Raises:
        ConfigError: a bound lies beyond every possible value of its objective, or two bounds
            contradict each other.
    """
    for constraint in constraints:
        _check_bound(constraint, OBJECTIVES[constraint.objective])
    for most in constraints:
        for least in constraints:
            is_pair = (most.relation, least.relation) == ("<=", ">=")
            if is_pair and most.objective == least.objective and most.bound < least.bound:
                raise ConfigError(
                    f"constraints '{least.text}' and '{most.text}': no candidate can meet both"
                )


def _check_bound(constraint: Constraint, objective: Objective) -> None:
    lowest, highest = objective.range
    name, bound = objective.name, constraint.bound
    if constraint.relation == ">=" and highest is not None and bound > highest:
        limit = f"is never above {highest:g}"
    elif constraint.relation == "<=" and lowest is not None and bound < lowest:
        limit = f"is never below {lowest:g}"
    else:
        return
    hint = ""
    if highest == 1.0 and 1.0 < bound <= 100.0 and not constraint.text.endswith("%"):
        hint = f"; did you mean {bound / 100:.12g}, or {bound:g}%?"
    raise ConfigError(
        f"constraint '{constraint.text}': no candidate can meet it, as {name} {limit}{hint}"
    )


def total_violation(values: Mapping[str, float], constraints: Sequence[Constraint]) -> float:
    """The sum of the violations of all constraints whose objective has been measured."""
    return sum(c.violation(values[c.objective]) for c in constraints if c.objective in values)


def broken(values: Mapping[str, float], constraints: Sequence[Constraint]) -> str:
    """The constraints that ``values`` violate, as text for the user; empty if none."""
    return ", ".join(
        f"{c.text} ({values[c.objective]:.12g})"
        for c in constraints
        if c.objective in values and c.violation(values[c.objective]) > 0
    )
