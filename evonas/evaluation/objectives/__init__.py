"""Objectives of a search: name, unit, direction, cost, and how each is measured.

The table is also read by commands that train nothing (to print or draw a front), so torch is
imported only when something is measured.
"""

from evonas.evaluation.objectives.declaring import objective
from evonas.evaluation.objectives.objective import (
    COSTS,
    Cost,
    Direction,
    ErrorKind,
    MeasuredValue,
    Objective,
    Subject,
)
from evonas.evaluation.objectives.table import ALWAYS_MEASURED, OBJECTIVES

__all__ = [
    "ALWAYS_MEASURED",
    "COSTS",
    "OBJECTIVES",
    "Cost",
    "Direction",
    "ErrorKind",
    "MeasuredValue",
    "Objective",
    "Subject",
    "objective",
]
