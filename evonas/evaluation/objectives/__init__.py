"""What a search optimises: name, unit, direction, cost, and how it is measured.

The table is read where nothing is trained (a front is printed, a picture drawn), so torch is
imported when something is measured.
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
