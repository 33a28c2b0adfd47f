"""Rules that state a change of the weight, not a gradient, and need their own learning rate."""

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
        learning_rate: of the weight, which is in a parameter group of its own, without momentum
            and decay (:func:`evonas.rules.parameter_groups`).
    """

    learning_rate: float = 0.001

    @property
    def own_learning_rate(self) -> float:
        """``learning_rate``."""
        return self.learning_rate

    @abstractmethod
    def change(self, moment: Moment) -> Tensor:
        """Delta W, of the weight's shape; the learning rate times it is added to the weight."""

    @final
    def gradients(self, moment: Moment) -> Sequence[Tensor]:
        """-Delta W."""
        return [-self.change(moment)]
