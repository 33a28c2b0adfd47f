"""Rules that state a change of the weight, and not a gradient: their step needs its own size."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from torch import Tensor

from evonas.rules.own_update.own_update import AbstractOwnUpdateRule, Moment


@dataclass(frozen=True)
class AbstractPlasticityRule(AbstractOwnUpdateRule):
    """A rule that changes its weight by its own law, at a learning rate of its own.

    Attributes:
        send: see :class:`AbstractOwnUpdateRule`.
        learning_rate: of the weight; the optimiser keeps it in a group of its own, without
            momentum and decay (:func:`evonas.rules.parameter_groups`).
    """

    learning_rate: float = 0.001

    @property
    def own_learning_rate(self) -> float:
        """``learning_rate``."""
        return self.learning_rate

    @abstractmethod
    def change(self, moment: Moment) -> Tensor:
        """Delta W: what is to be added to the weight, times the learning rate."""

    @final
    def gradients(self, moment: Moment) -> Sequence[Tensor]:
        """-Delta W."""
        return [-self.change(moment)]
