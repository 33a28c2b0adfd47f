"""Behavioural time-scale plasticity of the hippocampus: one event stores a pattern (Bittner 2017).

In a place cell, a plateau potential acts as an instructive signal: it moves the weights towards
the inputs that were active around it (see Milstein et al. 2021 for the dependence on the weight).
A static image has no time course, so here the active inputs are the image itself, and the
instructive signal is the signal that the layer received. This is our interpretation, and it is
experimental.
"""

from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor

from evonas.errors import RuleError
from evonas.rules.base import Transport
from evonas.rules.own_update.own_update import Moment
from evonas.rules.own_update.plasticity import AbstractPlasticityRule


@final
@dataclass(frozen=True)
class BehaviouralTimescale(AbstractPlasticityRule):
    """Moves the weights of a unit to the input where more activity would reduce the loss most.

        Delta w_k = mean over events (w_max e - w_k),  e = relu(x) / max x of the image

    An event is a unit at a position whose -g is positive and among the largest ``share`` of all
    values in the layer for this batch. Only the order of g matters, not its size. With a learning
    rate of at most 1, the new weight lies between the old weight and w_max e.

    Attributes:
        send: see :class:`AbstractOwnUpdateRule`.
        learning_rate: fraction of the distance to the pattern in one step.
        share: fraction of all units and positions that have a plateau in a batch, at most 1.
        w_max: the weight of the most active input.
    """

    learning_rate: float = 0.0001
    share: float = 0.05
    w_max: float = 1.0

    name: ClassVar[str] = "btsp"
    title: ClassVar[str] = "Behavioural time-scale plasticity (our reading)"
    source: ClassVar[str] = "Bittner et al. 2017, Science 357; Milstein et al. 2021, eLife 10"
    equation: ClassVar[str] = (
        "Delta W = mean_P(w_max relu(x) / max x - W),  P = [-g among largest]"
    )
    transports: ClassVar[Transport] = "signs"
    sends: ClassVar[str] = "as usf (option send)"
    updates: ClassVar[str] = "-(C(w_max e, P) - (sum P) W) / sum P"
    cost: ClassVar[str] = (
        "one correlation instead of the weight's gradient, one selection of the largest values"
    )
    limits: ClassVar[str] = (
        "our reading of a rule for spike timing, experimental; poor beyond one layer"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.share > 1.0:
            raise RuleError(f"rule 'btsp': expected share to be at most 1, got {self.share}")

    def change(self, moment: Moment) -> Tensor:
        """Delta W, of the weight's shape; zero for a unit without a plateau."""
        wanted = -moment.g
        num_plateaus = max(1, round(self.share * wanted.numel()))
        least = wanted.flatten().topk(num_plateaus).values[-1]
        plateaus = ((wanted >= least) & (wanted > 0.0)).to(wanted.dtype)
        active = moment.x.relu()
        peak = active.flatten(1).amax(1).view(-1, *[1] * (active.dim() - 1))
        eligible = self.w_max * active / peak.where(peak > 0.0, 1.0)
        counts = moment.per_unit(plateaus)
        change = moment.three_factor(eligible, plateaus, decay=counts)
        return change / moment.per_weight(counts.clamp_min(1.0))
