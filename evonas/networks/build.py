"""Grow a network from a genome: the skeleton of its space, its cells, a rule at every site."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from evonas.errors import SpaceError
from evonas.networks.blocks import (
    BatchNorm,
    FactorizedReduction,
    ResidualReduction,
    relu_convolution,
    stem,
)
from evonas.networks.cell import Cell
from evonas.networks.operations import make_operation
from evonas.rules import AbstractRule, RuleLinear, Wiring, all_rules, connect
from evonas.space import CellPlan, Genome, Position, Space


class Network(nn.Module):
    """Images in [0, 1] to logits; the normalisation is inside, so attacks count in pixels.

    Attributes:
        wiring: what its rule layers share: seed, optimiser step, error of the logits.
    """

    mean: Tensor
    deviation: Tensor
    wiring: Wiring

    def __init__(
        self,
        body: Mapping[str, nn.Module],
        *,
        head: nn.Module,
        classifier: RuleLinear,
        mean: Sequence[float],
        deviation: Sequence[float],
    ) -> None:
        super().__init__()
        self.body = nn.ModuleDict(body)
        self.head = head
        self.classifier = classifier
        for name, values in (("mean", mean), ("deviation", deviation)):
            self.register_buffer(name, torch.tensor(values).view(1, -1, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Maps (N, C, H, W) in [0, 1] to logits (N, classes)."""
        before = value = (images - self.mean) / self.deviation
        for name, module in self.body.items():
            if name == "stem":
                before = value = module(value)
            elif isinstance(module, Cell) and len(module.preprocess) == 2:
                before, value = value, module(before, value)
            else:
                before, value = value, module(value)
        features = F.adaptive_avg_pool2d(self.head(value), 1).flatten(1)
        logits: Tensor = self.wiring.watch(self.classifier(features))
        return logits


def build(
    space: Space,
    genome: Genome,
    *,
    input_shape: tuple[int, int, int],
    num_classes: int,
    seed: int,
    mean: Sequence[float] | None = None,
    deviation: Sequence[float] | None = None,
) -> Network:
    """The network that ``genome`` describes, with torch's default initialisation.

    Args:
        space: where the genome comes from.
        genome: which operation sits on each edge and which rule trains each block.
        input_shape: channels, height and width of the images.
        num_classes: width of the logits.
        seed: of the weights and of the rules' feedback.
        mean: of each channel, for the normalisation; 0 by default.
        deviation: the same for the standard deviation; 1 by default.

    Raises:
        SpaceError: the skeleton does not fit together, for instance a space that halves an image
            more often than its size allows.
    """
    halvings = sum(position.is_strided for position in space.positions)
    if min(input_shape[1:]) < 2**halvings:
        raise SpaceError(
            f"{space.name}: expected images of at least {2**halvings} pixels a side (it halves "
            f"them {halvings} times), got {input_shape[1]} x {input_shape[2]}"
        )
    # torch's layers draw their weights from the global generator: lend it to them, then restore it
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _Grower(space, genome, input_shape[0], num_classes).grow(
            mean=mean or [0.0] * input_shape[0], deviation=deviation or [1.0] * input_shape[0]
        )
    network.wiring = connect(network, seed=seed)
    return network


class _Grower:
    """Keeps the channels and the halvings of the last two values while the skeleton grows."""

    def __init__(self, space: Space, genome: Genome, in_channels: int, num_classes: int) -> None:
        self.space = space
        self.blueprint = space.decode(genome)
        self.num_classes = num_classes
        self.before = self.value = (in_channels, 0)

    def grow(self, *, mean: Sequence[float], deviation: Sequence[float]) -> Network:
        body = {
            position.name.replace(".", "_"): self._grow(position)
            for position in self.blueprint.positions
            if position.kind != "classifier"
        }
        channels = self.value[0]
        head = nn.Sequential(BatchNorm(channels), nn.ReLU()) if self.space.spec.head.norm else None
        classifier = RuleLinear(
            channels, self.num_classes, rule=self._rule("classifier").for_readout()
        )
        return Network(
            body,
            head=head or nn.Identity(),
            classifier=classifier,
            mean=mean,
            deviation=deviation,
        )

    def _rule(self, site: str) -> AbstractRule:
        return all_rules()[self.blueprint.rules[site]]()

    def _grow(self, position: Position) -> nn.Module:
        channels, halvings = self.value
        if position.kind == "stem":
            module: nn.Module = stem(
                channels,
                position.channels,
                kernel=self.space.spec.stem.kernel,
                rule=self._rule(position.name),
            )
            self.before = self.value = (position.channels, halvings)
            return module
        if position.kind == "reduction":
            module = ResidualReduction(channels, position.channels, rule=self._rule(position.name))
            self.before, self.value = self.value, (position.channels, halvings + 1)
            return module
        plan = self.blueprint.cells[position.cell or ""]
        module = self._grow_cell(position, plan)
        width = position.channels * (plan.nodes if plan.join == "concat" else 1)
        self.before, self.value = self.value, (width, halvings + position.is_strided)
        return module

    def _grow_cell(self, position: Position, plan: CellPlan) -> Cell:
        inputs = [self.before, self.value][-plan.inputs :]
        preprocess = [
            self._preprocess(position, f"{position.name}.preprocess{index}", given)
            for index, given in enumerate(inputs)
        ]
        edges = {
            edge.name: make_operation(
                edge.operation,
                channels=position.channels,
                stride=2 if position.is_strided and edge.source < plan.inputs else 1,
                # an edge without weights has no site; whatever rule it is given stays unused
                rule=self._rule(f"{position.name}.edge{edge.name}"),
            )
            for edge in plan.edges
            if edge.operation.kind != "zero"
        }
        return Cell(
            plan,
            edges=edges,
            preprocess=preprocess,
            channels=position.channels,
            stride=2 if position.is_strided else 1,
        )

    def _preprocess(self, position: Position, site: str, given: tuple[int, int]) -> nn.Module:
        channels, halvings = given
        if site not in position.sites:
            return nn.Identity()
        if halvings < self.value[1]:
            return FactorizedReduction(channels, position.channels, rule=self._rule(site))
        return relu_convolution(channels, position.channels, kernel=1, rule=self._rule(site))
