"""Hebbian learning with normalised weights: the rule of Oja (1982)."""

from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor

from evonas.rules.base import Transport
from evonas.rules.own_update.own_update import Moment
from evonas.rules.own_update.plasticity import AbstractPlasticityRule


@final
@dataclass(frozen=True)
class Oja(AbstractPlasticityRule):
    """Each unit learns the first principal direction of its inputs, without labels.

        Delta w = mean(u x - u^2 w) / mean |x|^2,  u = w x

    where x are the inputs that the unit sees. The division makes the change independent of their
    scale, so that any learning rate below 1 is stable. At the fixed point w is a leading
    eigenvector of E[x x^T] of length 1. All units with the same inputs find the same one.

    Attributes:
        send: see :class:`AbstractOwnUpdateRule`.
        learning_rate: fraction of the distance to the fixed point covered in one step, for inputs
            that all have the same direction.
    """

    learning_rate: float = 0.001

    name: ClassVar[str] = "oja"
    title: ClassVar[str] = "Oja's rule"
    source: ClassVar[str] = "Oja 1982, Journal of Mathematical Biology 15"
    equation: ClassVar[str] = "Delta W = C(x, u) - (sum u^2) W,  u = W x"
    transports: ClassVar[Transport] = "signs"
    sends: ClassVar[str] = "as usf (option send)"
    updates: ClassVar[str] = "-(C(x, u) - (sum u^2) W)"
    cost: ClassVar[str] = "one correlation instead of the weight's gradient"
    limits: ClassVar[str] = (
        "learns no labels; all units with the same inputs find the same direction, so a layer "
        "preserves little information"
    )

    def change(self, moment: Moment) -> Tensor:
        """Delta W, of the weight's shape."""
        return oja_change(moment)


def oja_change(moment: Moment) -> Tensor:
    """Delta W, of the weight's shape; also used by ``hebb`` for groups of one channel."""
    change = moment.three_factor(moment.x, moment.u, decay=moment.per_unit(moment.u.square()))
    return change / (moment.num_events * moment.energy)
