"""Rules that define a weight change instead of a gradient, and need their own learning rate."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from torch import Tensor

from evonas.rules.own_update.own_update import AbstractOwnUpdateRule, Moment


@dataclass(frozen=True)
class AbstractPlasticityRule(AbstractOwnUpdateRule):
    """A rule that updates its weight by its own equation, at its own learning rate.

    Attributes:
        send: see :class:`AbstractOwnUpdateRule`.
        learning_rate: learning rate of the weight, which belongs in a separate parameter group
            without momentum and decay (:func:`evonas.rules.parameter_groups`).
    """

    learning_rate: float = 0.001

    @property
    def own_learning_rate(self) -> float:
        """``learning_rate``."""
        return self.learning_rate

    @abstractmethod
    def change(self, moment: Moment) -> Tensor:
        """Delta W, of the weight's shape; the optimiser adds learning_rate x Delta W."""

    @final
    def gradients(self, moment: Moment) -> Sequence[Tensor]:
        """-Delta W."""
        return [-self.change(moment)]
