"""Spike-timing-dependent plasticity for rate-coded layers (Bi and Poo 1998; Song 2000)."""

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from evonas.errors import RuleError
from evonas.rules.base import AbstractRuleLayer, Transport
from evonas.rules.own_update.own_update import Moment, without_bias
from evonas.rules.own_update.plasticity import AbstractPlasticityRule


@final
@dataclass(frozen=True)
class SpikeTiming(AbstractPlasticityRule):
    """Input spikes before an output spike strengthen a weight, input spikes after it weaken it.

    The network itself has no spikes. To learn, a layer encodes its inputs as ``frames`` frames of
    spikes with probability relu(x) / max x of the image. They drive leaky integrate-and-fire units
    that reset to zero at a threshold of 1; the drive W s is divided by its root mean square in the
    batch. With traces a of the inputs and b of the outputs, both decaying by 1 - 1/tau per frame,

        Delta W = mean(post a) (w_max - W) - mean(b s) (W + w_max)

    Spikes in the same frame count in both terms. Both bounds are soft, so weights stay within
    w_max. All images of a batch share the random numbers of the step.

    Attributes:
        send: see :class:`AbstractOwnUpdateRule`.
        learning_rate: stable below 1 / tau.
        tau: time constant of traces and membranes, in frames; at least 1.
        w_max: largest absolute weight.
        frames: number of frames for which an image is shown.
    """

    learning_rate: float = 0.002
    tau: float = 4.0
    w_max: float = 1.0
    frames: int = 8

    name: ClassVar[str] = "stdp"
    title: ClassVar[str] = "Spike-timing-dependent plasticity"
    source: ClassVar[str] = "Bi and Poo 1998, J. Neuroscience 18; Song, Miller and Abbott 2000"
    equation: ClassVar[str] = "Delta W = C(a, post) (w_max - W) - C(s, b) (W + w_max)"
    transports: ClassVar[Transport] = "signs"
    sends: ClassVar[str] = "as usf (option send)"
    updates: ClassVar[str] = "-(C(a, post) (w_max - W) - C(s, b) (W + w_max))"
    cost: ClassVar[str] = "two correlations and one forward pass over ``frames`` times the batch"
    limits: ClassVar[str] = (
        "experimental: learns no labels, the network itself has no spikes, and accuracy is poor"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tau < 1.0 or self.frames < 1:
            raise RuleError(
                "rule 'stdp': expected tau and frames of at least 1, got "
                f"{self.tau} and {self.frames}"
            )

    def change(self, moment: Moment) -> Tensor:
        """Delta W from the spikes of this batch, of the weight's shape."""
        pre = self.encode(moment.layer, moment.x)
        drive = without_bias(moment.layer, moment.layer.run_exactly(pre.flatten(0, 1)))
        post = self.fire(drive.unflatten(0, pre.shape[:2]))
        return self.pair(moment.layer, pre, post) / (moment.num_events * self.frames)

    def encode(self, layer: AbstractRuleLayer, x: Tensor) -> Tensor:
        """Spikes (0 or 1), (frames, batch, ...), that encode the inputs x (batch, ...)."""
        active = x.relu()
        peak = active.flatten(1).amax(1).view(-1, *[1] * (x.dim() - 1))
        chance = active / peak.where(peak > 0.0, 1.0)
        noise = layer.connected.fresh_noise(
            layer.number, like=x, shape=torch.Size([self.frames, 1, *x.shape[1:]])
        )
        return (chance > noise / 12**0.5 + 0.5).to(x.dtype)  # noise is uniform with unit variance

    def fire(self, drive: Tensor) -> Tensor:
        """Spikes of leaky integrate-and-fire units driven by (frames, batch, ...)."""
        size = drive.square().mean().sqrt().clamp_min(torch.finfo(drive.dtype).tiny)
        membrane, spikes = torch.zeros_like(drive[0]), []
        for current in drive / size:
            membrane = membrane * (1.0 - 1.0 / self.tau) + current
            spikes.append((membrane >= 1.0).to(drive.dtype))
            membrane = membrane * (1.0 - spikes[-1])
        return torch.stack(spikes)

    def pair(self, layer: AbstractRuleLayer, pre: Tensor, post: Tensor) -> Tensor:
        """The change of each weight, summed over all pairs of input and output spikes."""
        weight = layer.weight.detach()
        rise = layer.correlate(self._trace(pre).flatten(0, 1), post.flatten(0, 1))
        fall = layer.correlate(pre.flatten(0, 1), self._trace(post).flatten(0, 1))
        return rise * (self.w_max - weight) - fall * (weight + self.w_max)

    def _trace(self, spikes: Tensor) -> Tensor:
        traces = [spikes[0]]
        for frame in spikes[1:]:
            traces.append(traces[-1] * (1.0 - 1.0 / self.tau) + frame)
        return torch.stack(traces)
