"""The rule of Bienenstock, Cooper and Munro (1982): a threshold that follows activity."""

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from evonas.errors import RuleError
from evonas.rules.base import AbstractRuleLayer, Transport
from evonas.rules.own_update.own_update import Moment
from evonas.rules.own_update.plasticity import AbstractPlasticityRule


@final
@dataclass(frozen=True)
class BienenstockCooperMunro(AbstractPlasticityRule):
    """Inputs that drive a unit above its threshold are strengthened, others weakened.

        Delta w = mean(y (y - theta) x) / (theta mean |x|^2),  y = w x,  theta = average of y^2

    The threshold grows faster than y, so a unit becomes selective and its activity stays bounded.
    The division by theta is from Law and Cooper (1994); the division by |x|^2 makes the change
    independent of the scale of the inputs. Theta is saved with the weights.

    Attributes:
        send: see :class:`AbstractOwnUpdateRule`.
        learning_rate: relative change of an output in one step, near the fixed point.
        memory: number of batches over which theta is averaged.
    """

    learning_rate: float = 0.002
    memory: float = 10.0

    name: ClassVar[str] = "bcm"
    title: ClassVar[str] = "Bienenstock-Cooper-Munro"
    source: ClassVar[str] = (
        "Bienenstock, Cooper and Munro 1982, J. Neuroscience 2; Law, Cooper 1994"
    )
    equation: ClassVar[str] = "Delta W = C(x, y (y - theta)) / theta,  theta = <y^2>"
    transports: ClassVar[Transport] = "signs"
    sends: ClassVar[str] = "as usf (option send)"
    updates: ClassVar[str] = "-C(x, y (y - theta)) / theta"
    cost: ClassVar[str] = (
        "one correlation instead of the weight's gradient, one threshold per unit"
    )
    limits: ClassVar[str] = (
        "learns no labels; slow where inputs are alike; its thresholds must be saved with the "
        "weights"
    )
    saves_kept: ClassVar[bool] = True

    def keep(self, layer: AbstractRuleLayer) -> Tensor:
        """Theta, (channels,); zero until the first batch."""
        return layer.weight.new_zeros(layer.weight.shape[0])

    def change(self, moment: Moment) -> Tensor:
        """Delta W, of the weight's shape; updates theta first.

        Raises:
            RuleError: the layer was connected before it got this rule.
        """
        y = moment.u
        theta = self._update_threshold(moment, moment.per_unit(y.square()) / moment.num_events)
        threshold = moment.per_output(theta)
        post = y * (y - threshold) / threshold.clamp_min(torch.finfo(y.dtype).tiny)
        change = moment.layer.correlate(moment.x, post)
        return change / (moment.num_events * moment.energy)

    def _update_threshold(self, moment: Moment, seen: Tensor) -> Tensor:
        kept = moment.layer.kept
        if kept is None:
            raise RuleError(
                "rule 'bcm' keeps a threshold for each unit, but this layer was connected before "
                "it got the rule: call `connect(network, seed=...)` again"
            )
        share = 1.0 / max(self.memory, 1.0)
        theta = torch.where(kept == 0.0, seen, (1.0 - share) * kept + share * seen)
        kept.copy_(theta)
        return theta
