"""Trace the parts that a network runs, in order, with the sizes of their inputs and outputs."""

from dataclasses import dataclass, replace
from typing import Any, Literal, final

import torch
from torch import Tensor, nn

from evonas.evaluation.attacks.frozen_network import frozen
from evonas.networks import Network
from evonas.networks.blocks import FactorizedReduction, ResidualReduction
from evonas.networks.cell import Cell
from evonas.networks.edges.attention import SelfAttention
from evonas.networks.edges.mbconv import InvertedBottleneck, SqueezeExcite
from evonas.networks.resnet import BasicBlock
from evonas.rules import AbstractRule, AbstractRuleLayer, PredictiveCoding, Segment

Kind = Literal[
    "normalisation", "activation", "average pool", "maximum pool", "sum", "scaling", "gates",
    "attention",
]  # fmt: skip


@final
@dataclass(frozen=True)
class LayerUse:
    """The use of one layer with weights; all counts are for one image.

    Attributes:
        rule: rule by which it learns.
        weights: number of weights, without the bias.
        biases: number of biases, 0 or one per output channel.
        inputs: number of input values.
        outputs: number of output values.
        channels: number of output channels.
        products: number of products in one pass.
        is_first: whether no layer below it learns, so that it sends no signal.
        num_classes: number of classes of the network.
        sweeps: number of relaxation sweeps of its segment; 0 outside of relaxing segments.
        learns: whether its weight is trained.
        groups: number of groups of channels that are not connected with each other.
    """

    rule: AbstractRule
    weights: int
    biases: int
    inputs: int
    outputs: int
    channels: int
    products: int
    is_first: bool
    num_classes: int
    sweeps: int = 0
    learns: bool = True
    groups: int = 1


@final
@dataclass(frozen=True)
class PartUse:
    """The use of a part that learns by no rule; all counts are for one image.

    Attributes:
        kind: kind of the part.
        inputs: number of input values.
        outputs: number of output values.
        window: number of inputs per output; for attention, number of pixels.
        channels: number of normalised or gated channels; for attention, of scores; else 0.
        joined_backward: number of signals summed because a value was read several times.
        sweeps: number of relaxation sweeps, see :class:`LayerUse`.
        is_passed_back: whether any layer below it learns.
    """

    kind: Kind
    inputs: int
    outputs: int
    window: int = 1
    channels: int = 0
    joined_backward: int = 0
    sweeps: int = 0
    is_passed_back: bool = True


@final
@dataclass(frozen=True)
class Trace:
    """Everything that one forward pass of one image runs.

    Attributes:
        layers: layers with weights.
        parts: all other parts.
        parameters: number of trained parameters, including the heads of local losses.
    """

    layers: tuple[LayerUse, ...]
    parts: tuple[PartUse, ...]
    parameters: int


def trace(network: nn.Module, *, input_shape: tuple[int, int, int]) -> Trace:
    """Run one black image through a network and record what is executed.

    Modules that are built but never run, such as edges that reach no output, are not recorded. The
    network is left unchanged.

    Args:
        network: network with rule layers; the global pooling is recorded only for a
            :class:`Network`.
        input_shape: channels, height and width of the image.
    """
    recorder = _Recorder(network)
    device = next(network.parameters()).device
    with frozen(network), torch.no_grad():
        handles = [
            module.register_forward_hook(recorder.record)
            for module in network.modules()
            if isinstance(module, _RECORDED)
        ]
        if isinstance(network, Network):
            handles.append(network.head.register_forward_hook(recorder.record_head))
        try:
            logits = network(torch.zeros(1, *input_shape, device=device))
        finally:
            for handle in handles:
                handle.remove()
    layers = tuple(replace(use, num_classes=logits.shape[1]) for use in recorder.layers)
    parameters = sum(p.numel() for p in network.parameters() if p.requires_grad)
    return Trace(layers, tuple(recorder.parts), parameters)


_NORMS = (nn.BatchNorm2d, nn.GroupNorm)
# each is counted as a comparison, because the cost of an exponential depends on the hardware
_ACTIVATIONS = (nn.ReLU, nn.GELU, nn.SiLU, nn.Tanh, nn.LeakyReLU)
_RECORDED = (
    AbstractRuleLayer, *_NORMS, *_ACTIVATIONS, nn.AvgPool2d, nn.MaxPool2d, Cell,
    FactorizedReduction, ResidualReduction, BasicBlock, InvertedBottleneck, SqueezeExcite,
    SelfAttention,
)  # fmt: skip


class _Recorder:
    """Records one forward pass through hooks."""

    def __init__(self, network: nn.Module) -> None:
        self.layers: list[LayerUse] = []
        self.parts: list[PartUse] = []
        self._learning = {
            module
            for module in network.modules()
            if isinstance(module, AbstractRuleLayer) and module.weight.requires_grad
        }
        self._sweeps = {
            module: rule.steps
            for segment in network.modules()
            if isinstance(segment, Segment)
            and isinstance(rule := segment.segment_rule, PredictiveCoding)
            for module in segment
        }

    def record(self, module: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
        """Forward hook of the modules in ``_RECORDED``."""
        inputs, outputs = given[0].numel(), output.numel()
        sweeps = self._sweeps.get(module, 0)
        match module:
            case AbstractRuleLayer():
                self.layers.append(self._layer(module, inputs, outputs, sweeps))
            case nn.BatchNorm2d(num_features=channels) | nn.GroupNorm(num_channels=channels):
                norm = PartUse("normalisation", inputs, outputs, channels=channels, sweeps=sweeps)
                self._add(norm)
            case nn.ReLU() | nn.GELU() | nn.SiLU() | nn.Tanh() | nn.LeakyReLU():
                self._add(PartUse("activation", inputs, outputs, sweeps=sweeps))
            case nn.AvgPool2d():
                window = _area(module.kernel_size)
                self._add(PartUse("average pool", inputs, outputs, window))
            case nn.MaxPool2d():
                window = _area(module.kernel_size)
                self._add(PartUse("maximum pool", inputs, outputs, window))
            case FactorizedReduction():
                # two convolutions read the output of one activation
                self._add(PartUse("activation", inputs, inputs, joined_backward=inputs))
            case ResidualReduction():
                self._add(PartUse("sum", outputs, outputs, joined_backward=inputs))
            case BasicBlock():
                self._add(PartUse("sum", outputs, outputs, joined_backward=inputs))
                self._add(PartUse("activation", outputs, outputs))
            case InvertedBottleneck():
                if module.adds_input:
                    self._add(PartUse("sum", outputs, outputs, joined_backward=inputs))
            case SqueezeExcite():
                self._add(PartUse("gates", inputs, outputs, channels=output.shape[1]))
            case SelfAttention():
                pixels = output.shape[2] * output.shape[3]
                scores = module.heads * pixels**2
                self._add(PartUse("attention", 3 * outputs, outputs, pixels, channels=scores))
            case Cell():
                self._record_sums(module, output)

    def record_head(self, _: nn.Module, __: tuple[Tensor, ...], output: Tensor) -> None:
        """Forward hook of the module before the global average pooling."""
        channels, height, width = output.shape[1:]
        pool = PartUse("average pool", output.numel(), channels, height * width)
        self._add(pool)

    def _add(self, part: PartUse) -> None:
        self.parts.append(replace(part, is_passed_back=self._learns_below))

    @property
    def _learns_below(self) -> bool:
        """Whether a layer below learns; hooks run only after those of all modules below."""
        return any(layer.learns for layer in self.layers)

    def _layer(self, layer: AbstractRuleLayer, inputs: int, outputs: int, sweeps: int) -> LayerUse:
        channels, fan_in = layer.weight.shape[0], layer.weight[0].numel()
        bias: Tensor | None = getattr(layer, "bias", None)
        return LayerUse(
            rule=layer.rule,
            weights=layer.weight.numel(),
            biases=0 if bias is None else bias.numel(),
            inputs=inputs,
            outputs=outputs,
            channels=channels,
            products=outputs * fan_in,
            is_first=not self._learns_below,
            num_classes=0,
            sweeps=sweeps,
            learns=layer in self._learning,
            groups=layer.groups,
        )

    def _record_sums(self, cell: Cell, output: Tensor) -> None:
        """Record the sums at nodes, and those of signals where a node is read several times."""
        height, width = output.shape[2:]
        node = cell.channels * height * width
        terms = [source for sources in cell.sources for source in sources]
        sums = len(terms) - sum(map(bool, cell.sources))
        joins = len(terms) - len(set(terms))
        if sums or joins:
            self._add(PartUse("sum", sums * node, sums * node, joined_backward=joins * node))


def _area(kernel: Any) -> int:
    sides = kernel if isinstance(kernel, tuple) else (kernel, kernel)
    return int(sides[0] * sides[1])
