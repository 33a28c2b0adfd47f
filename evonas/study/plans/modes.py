"""The plans by mode of a search."""

from evonas.study.plans.base import AbstractPlan
from evonas.study.plans.generational import GenerationalPlan
from evonas.study.plans.steady import SteadyPlan

PLANS: dict[str, type[AbstractPlan]] = {"generational": GenerationalPlan, "steady": SteadyPlan}
