"""Weight mirror: feedback that learns the weights from noise sent through them (Akrout 2019).

In a mirror phase, the units below a layer emit independent noise, and the units above respond. The
expected correlation of response and noise is the weight times the variance of the noise. This
correlation is local to the two ends of a feedback weight. So a feedback weight that learns by it
converges to the forward weight, and no weight is transported.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from evonas.errors import RuleError
from evonas.rules.base import AbstractRuleLayer, Transport
from evonas.rules.feedback.scaled_feedback import AbstractScaledFeedback
from evonas.rules.flat_tensors import flatten, split_like_weights
from evonas.rules.wiring import MIRROR_STREAM


@final
@dataclass(frozen=True)
class WeightMirror(AbstractScaledFeedback):
    """V = B_t, which moves towards W in a mirror phase after every step of the optimiser.

        B <- (1 - rate) B + rate sum_n (W xi_n) xi_n^T / noises

    The xi are white noise of unit variance, so the mean has the expectation W (their equation 7),
    and the decay of B at the same rate makes W the fixed point of B. A unit of a convolution sees
    one patch, so the phase presents noise of the size of a patch; no position is special. Every
    layer has its own noise, a function of seed, layer and step.

    Departures from the paper: units respond linearly and without their bias, as if the phase kept
    them in their linear range; the first phase is as long as the others; the decay replaces the
    paper's control of the growth of B.

    Attributes:
        scale: sigma of B_0, see :func:`evonas.rules.scale.sigma`.
        rate: learning rate of the mirror, in [0, 1]; 0 is feedback alignment.
        noises: number of noise patterns in a phase.

    Raises:
        RuleError: an option is out of range.
    """

    rate: float = 0.02
    noises: int = 64

    name: ClassVar[str] = "wm"
    title: ClassVar[str] = "Weight mirror"
    source: ClassVar[str] = "Akrout et al. 2019, arXiv 1904.05391"
    equation: ClassVar[str] = "V = B,  Delta B = rate (mean (W xi) xi^T - B),  xi white noise"
    transports: ClassVar[Transport] = "nothing"
    sends: ClassVar[str] = "K(g; B_t)"
    cost: ClassVar[str] = (
        "a phase per step: 2 x ``noises`` products per weight, and ``noises`` random numbers per "
        "input of a unit; keeps one tensor of the weight's size"
    )
    limits: ClassVar[str] = (
        "needs a phase without images in every step; B stays noisy, with a relative error of "
        "about sqrt(rate x fan_in / (2 noises)), and lags about 1 / rate steps behind W"
    )
    saves_kept: ClassVar[bool] = True
    acts_after_step: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (0.0 <= self.rate <= 1.0 and self.noises >= 1):
            raise RuleError(
                "rule 'wm': expected a rate in [0, 1] and noises of at least 1, got "
                f"{self.rate} and {self.noises}"
            )

    def keep(self, layer: AbstractRuleLayer) -> Tensor:
        """B_0, of the weight's shape."""
        return layer.fixed_noise() * layer.sigma(self.scale)

    @torch.no_grad()
    def act_after_step(self, layer: AbstractRuleLayer, kept: Tensor) -> None:
        """Run one mirror phase: move B towards the estimate of W from the noise of this step."""
        if self.rate == 0.0:
            return
        with torch.autocast(kept.device.type, enabled=False):
            kept.lerp_(self.mirrored(layer).to(kept.dtype), self.rate)

    def mirrored(self, layer: AbstractRuleLayer) -> Tensor:
        """The mean of (W xi) xi^T over the noise of this step, of the weight's shape."""
        weight = layer.weight.detach()
        matrices = weight.flatten(1).unflatten(0, (layer.groups, -1))  # (groups, out, fan_in)
        shape = layer.groups, matrices.shape[2], self.noises
        noise = layer.connected.fresh_noises(
            [layer.number], like=weight, counts=[shape[0] * shape[1] * shape[2]],
            stream=MIRROR_STREAM,
        ).view(shape)  # fmt: skip
        seen: Tensor = (matrices @ noise) @ noise.mT / self.noises
        return seen.view(weight.shape)

    def feedback(self, layer: AbstractRuleLayer) -> Tensor:
        """The current B_t.

        Raises:
            RuleError: the layer is not connected, or was connected before it got this rule.
        """
        return self._kept(layer).clone()

    def feedbacks(self, layers: Sequence[AbstractRuleLayer]) -> Sequence[Tensor]:
        """B_t of all layers at once."""
        return split_like_weights(flatten(map(self._kept, layers)), layers)

    def _kept(self, layer: AbstractRuleLayer) -> Tensor:
        if layer.kept is None:
            layer.connected  # noqa: B018 - raises if the layer is not connected
            raise RuleError(
                "rule 'wm' keeps feedback weights that it trains, but this layer was connected "
                "before it got the rule: call `connect(network, seed=...)` again"
            )
        return layer.kept.detach()
