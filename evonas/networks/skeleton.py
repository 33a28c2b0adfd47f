"""Build the skeleton of a space: all blocks from stem to classifier, for any kind of cell."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

from torch import nn

from evonas.errors import SpaceError
from evonas.networks.blocks import FactorizedReduction, ResidualReduction, relu_convolution
from evonas.networks.stems import make_stem
from evonas.networks.style import Style
from evonas.rules import AbstractRule, RuleLinear
from evonas.space import Position, Space


@dataclass(frozen=True)
class SkeletonParts:
    """A skeleton with its cells.

    Attributes:
        body: the blocks from the stem to the last cell, in the order of the forward pass.
        head: module before the global average pooling.
        classifier: linear layer from features to logits.
    """

    body: dict[str, nn.Module]
    head: nn.Module
    classifier: RuleLinear


def check_image_size(space: Space, input_shape: tuple[int, int, int]) -> None:
    """Reject images that are too small for the reductions of a space.

    Raises:
        SpaceError: the space halves an image more often than its size allows.
    """
    halvings = space.halvings
    if min(input_shape[1:]) < 2**halvings:
        raise SpaceError(
            f"{space.name}: expected images of at least {2**halvings} pixels a side (it halves "
            f"them {halvings} times), got {input_shape[1]} x {input_shape[2]}"
        )


@final
class SkeletonBuilder:
    """Builds block after block, and tracks channels and halvings of the last two outputs.

    Args:
        space: space of the skeleton.
        positions: positions of the network.
        rule: function that returns the rule of a site, given its name.
        cell: function that builds the cell at a position, given the modules that preprocess its
            inputs and the number of channels that the last of them outputs.
        input_shape: channels, height and width of the images.
        num_classes: width of the logits.
        style: style of the network.
    """

    def __init__(
        self,
        space: Space,
        *,
        positions: Sequence[Position],
        rule: Callable[[str], AbstractRule],
        cell: Callable[[Position, list[nn.Module], int], nn.Module],
        input_shape: tuple[int, int, int],
        num_classes: int,
        style: Style,
    ) -> None:
        self._space = space
        self._positions = positions
        self._rule = rule
        self._cell = cell
        self._input_shape = input_shape
        self._num_classes = num_classes
        self._style = style
        self._before = self._value = (input_shape[0], 0)

    def build(self) -> SkeletonParts:
        """Build all blocks in order; draws weights from torch's global generator."""
        body = {
            position.name.replace(".", "_"): self._block(position)
            for position in self._positions
            if position.kind != "classifier"
        }
        channels = self._value[0]
        head: nn.Module = nn.Identity()
        if self._space.spec.head.norm:
            head = nn.Sequential(*self._style.norms(channels), self._style.make_activation())
        rule = self._rule("classifier").for_readout()
        return SkeletonParts(body, head, RuleLinear(channels, self._num_classes, rule=rule))

    def _block(self, position: Position) -> nn.Module:
        channels, halvings = self._value
        rule, style = self._rule, self._style
        if position.kind == "stem":
            spec = self._space.spec.stem
            module: nn.Module = make_stem(
                spec.kind,
                self._input_shape,
                position.channels,
                kernel=spec.kernel,
                rule=rule(position.name),
                style=style,
            )
            self._before = self._value = (position.channels, halvings)
            return module
        if position.kind == "reduction":
            module = ResidualReduction(
                channels, position.channels, rule=rule(position.name), style=style
            )
            self._before, self._value = self._value, (position.channels, halvings + 1)
            return module
        graph = self._space.graphs[position.cell or ""]
        inputs = [self._before, self._value][-graph.spec.inputs :]
        module = self._cell(
            position,
            [
                self._preprocess(position, f"{position.name}.preprocess{index}", given)
                for index, given in enumerate(inputs)
            ],
            position.channels if graph.spec.inputs == 2 else channels,
        )
        width = position.channels * graph.output_multiple
        self._before, self._value = self._value, (width, halvings + position.is_strided)
        return module

    def _preprocess(self, position: Position, site: str, given: tuple[int, int]) -> nn.Module:
        channels, halvings = given
        if site not in position.sites:
            return nn.Identity()
        rule, style = self._rule(site), self._style
        if halvings < self._value[1]:
            return FactorizedReduction(channels, position.channels, rule=rule, style=style)
        return relu_convolution(channels, position.channels, kernel=1, rule=rule, style=style)
