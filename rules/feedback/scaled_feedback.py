"""Base class of the feedback rules with an option ``scale``."""

from dataclasses import dataclass

from evonas.errors import RuleError
from evonas.rules.base import AbstractFeedbackRule
from evonas.rules.scale import SCALES, Scale


@dataclass(frozen=True)
class AbstractScaledFeedback(AbstractFeedbackRule):
    """A feedback rule whose V has the standard deviation sigma.

    Attributes:
        scale: how sigma is chosen, see :func:`evonas.rules.scale.sigma`.

    Raises:
        RuleError: ``scale`` is not in ``SCALES``.
    """

    scale: Scale = "initial"

    def __post_init__(self) -> None:
        if self.scale not in SCALES:
            raise RuleError(
                f"rule '{self.name}': expected scale to be one of {', '.join(SCALES)}, "
                f"got {self.scale!r}"
            )
