"""Product feedback alignment: feedback through two matrices that do not resemble W (Ji-An 2024).

The signal passes through a fixed random expansion B and then through R, which learns like W, from
local quantities: its gradient is C(x, B^T g) = B^T C(x, g). So R converges to B^T W, and the
product B R to B B^T W, which is close to W if B is wide. Neither B nor R alone resembles W.

R - B^T W only decays, like W - B under Kolen-Pollack, so R need not be stored or trained: with
M = B B^T, the product is V_t = M W_t - a_t (M W_0 - B R_0). The layer keeps the difference in
brackets, and the wiring keeps a_t. This shortcut computes the rule exactly.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from evonas.errors import RuleError
from evonas.rules.base import AbstractRuleLayer, Transport
from evonas.rules.feedback.scaled_feedback import AbstractScaledFeedback
from evonas.rules.flat_tensors import flat_constant, flatten, split_like_weights
from evonas.rules.wiring import EXPANSION_STREAM


@final
@dataclass(frozen=True)
class ProductFeedback(AbstractScaledFeedback):
    """V = B R_t, with B fixed and random and R trained by the gradient and decay of W.

    B is drawn with variance 1 / width, so that the expectation of B B^T is the identity, as in the
    authors' code. R_0 is drawn such that B R_0 has the standard deviation sigma. Every group of
    channels has its own B. Exact for SGD (momentum, Nesterov, coupled decay) under the conditions
    of :class:`evonas.rules.KolenPollack`; with B = 1 it is that rule. With AdamW, R changes by
    B^T times the change of W, which differs from what AdamW would compute from R's own gradient.

    Attributes:
        scale: sigma of B R_0, see :func:`evonas.rules.scale.sigma`.
        expansion: number of units between B and R for each output channel.

    Raises:
        RuleError: an option is out of range.
    """

    expansion: int = 10

    name: ClassVar[str] = "pfa"
    title: ClassVar[str] = "Product feedback alignment"
    source: ClassVar[str] = "Ji-An and Benna 2024, arXiv 2405.20594"
    equation: ClassVar[str] = "V = B R_t,  Delta R_t = B^T Delta W_t  (decay included)"
    transports: ClassVar[Transport] = "nothing"
    sends: ClassVar[str] = "K(g; B R_t)"
    cost: ClassVar[str] = (
        "here: a matrix (channels x channels) times the weight, once per step; keeps one tensor "
        "of the weight's size. The rule itself: ``expansion`` times the backward pass, the "
        "correlation and the optimiser step of the layer"
    )
    limits: ClassVar[str] = (
        "as kp, but exact only for SGD; aligns with B B^T W, not W, so a narrow B leaves a "
        "permanent error; a depthwise layer has only ``expansion`` numbers per channel in B"
    )
    needs_weight_decay: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.expansion < 1:
            raise RuleError(
                f"rule 'pfa': expected an expansion of at least 1, got {self.expansion}"
            )

    def keep(self, layer: AbstractRuleLayer) -> Tensor:
        """M W_0 - B R_0, of the weight's shape."""
        weight = layer.weight.detach()
        expand = self.expand(layer)
        groups, _, width = expand.shape
        shape = torch.Size([groups * width, *weight.shape[1:]])
        noise = layer.connected.fixed_noise(layer.number, like=weight, shape=shape)
        first = _matrices(noise, groups=groups) * layer.sigma(self.scale)
        product: Tensor = (expand @ first).view(weight.shape)
        return self._through(layer, self._round_trip(layer)) - product

    def expand(self, layer: AbstractRuleLayer) -> Tensor:
        """B, (groups, output channels of a group, width)."""
        channels = layer.weight.shape[0] // layer.groups
        shape = torch.Size([layer.groups, channels, self.expansion * channels])
        noise = layer.connected.fixed_noise(
            layer.number, like=layer.weight, shape=shape, stream=EXPANSION_STREAM
        )
        return noise / math.sqrt(shape[2])

    def feedback(self, layer: AbstractRuleLayer) -> Tensor:
        """B R_t.

        Raises:
            RuleError: the layer is not connected, or was connected before it got this rule.
        """
        decay = layer.connected.decay
        return self._through(layer, self._round_trip(layer)) - decay * self._offset(layer)

    def feedbacks(self, layers: Sequence[AbstractRuleLayer]) -> Sequence[Tensor]:
        """B R_t of all layers; the decay of the offsets is computed for all layers at once."""
        offsets = flat_constant(self, layers, self._offset)
        products = flatten(self._through(each, self._round_trip(each)) for each in layers)
        return split_like_weights(products.sub_(layers[0].connected.decay * offsets), layers)

    def _round_trip(self, layer: AbstractRuleLayer) -> Tensor:
        """M = B B^T, (groups, channels, channels)."""
        weight = layer.weight

        def make() -> Tensor:
            expand = self.expand(layer)
            both: Tensor = expand @ expand.mT
            return both

        key = ("round trip", self, layer.number, weight.device, weight.dtype)
        return layer.connected.remember(key, make)

    def _through(self, layer: AbstractRuleLayer, matrices: Tensor) -> Tensor:
        """M W, of the weight's shape."""
        weight = layer.weight.detach()
        with torch.autocast(weight.device.type, enabled=False):
            return (matrices @ _matrices(weight, groups=layer.groups)).view(weight.shape)

    def _offset(self, layer: AbstractRuleLayer) -> Tensor:
        if layer.kept is None:
            raise RuleError(
                "rule 'pfa' keeps the weights that a layer had when it was connected, but this "
                "one was connected before it got the rule: call `connect(network, seed=...)` again"
            )
        return layer.kept


def _matrices(weight: Tensor, *, groups: int) -> Tensor:
    """The weight as one matrix per group: (groups, channels, inputs of a unit)."""
    matrices: Tensor = weight.flatten(1).unflatten(0, (groups, -1))
    return matrices
