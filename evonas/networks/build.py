"""Build a network from a genome: skeleton, cells, and a learning rule at every site."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from evonas.networks.blocks import ResidualReduction
from evonas.networks.cell import Cell
from evonas.networks.normalisation import BatchNorm, update_running_statistics
from evonas.networks.operations import make_operation
from evonas.networks.skeleton import SkeletonBuilder, SkeletonParts, check_image_size
from evonas.networks.style import Style
from evonas.rules import AbstractRule, RuleLinear, Wiring, all_rules, connect
from evonas.space import Genome, Position, Space


class Network(nn.Module):
    """Maps images in [0, 1] to logits; normalises inside, so attack radii are in pixel values.

    Attributes:
        wiring: state shared by its rule layers: seed, optimiser step, error of the logits.
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
        self._norms: list[BatchNorm] = []  # their running statistics are updated after each pass
        self.head = head
        self.classifier = classifier
        for name, values in (("mean", mean), ("deviation", deviation)):
            self.register_buffer(name, torch.tensor(values).view(1, -1, 1, 1), persistent=False)

    def use_kernels(self, *, are_used: bool) -> None:
        """Choose whether kernels or the modules compute nodes in training mode.

        The results agree up to rounding.
        """
        for module in self.modules():
            if isinstance(module, Cell | ResidualReduction):
                module.has_kernels = are_used
        every = [module for module in self.modules() if isinstance(module, BatchNorm)]
        self._norms = every if are_used else []

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
        update_running_statistics(self._norms)
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
        space: search space of the genome.
        genome: the operation of each edge and the rule of each site.
        input_shape: channels, height and width of the images.
        num_classes: width of the logits.
        seed: seed of the weights and of the rules' feedback.
        mean: mean of each channel, for the normalisation; 0 by default.
        deviation: standard deviation of each channel, for the normalisation; 1 by default.

    Raises:
        SpaceError: the images are too small: the space halves them more often than their size
            allows.
    """
    check_image_size(space, input_shape)
    return seeded_network(
        lambda: _parts(space, genome, input_shape, num_classes),
        input_shape=input_shape,
        num_classes=num_classes,
        seed=seed,
        mean=mean,
        deviation=deviation,
    )


def seeded_network(
    make_parts: Callable[[], SkeletonParts],
    *,
    input_shape: tuple[int, int, int],
    num_classes: int,
    seed: int,
    mean: Sequence[float] | None,
    deviation: Sequence[float] | None,
) -> Network:
    """A connected network from a skeleton; torch's global generator is not changed.

    Args:
        make_parts: function that builds the skeleton and draws the weights of all layers.
        input_shape: channels, height and width of the images.
        num_classes: width of the logits.
        seed: seed of the weights and of the rules' feedback.
        mean: mean of each channel, for the normalisation; 0 if None.
        deviation: standard deviation of each channel, for the normalisation; 1 if None.
    """
    channels = input_shape[0]
    # torch's layers draw their weights from the global generator: seed it, and restore it after
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        parts = make_parts()
    network = Network(
        parts.body,
        head=parts.head,
        classifier=parts.classifier,
        mean=mean or [0.0] * channels,
        deviation=deviation or [1.0] * channels,
    )
    network.wiring = connect(network, seed=seed, num_classes=num_classes)
    return network


def _parts(
    space: Space, genome: Genome, input_shape: tuple[int, int, int], num_classes: int
) -> SkeletonParts:
    blueprint = space.decode(genome)
    style = Style(blueprint.activation, blueprint.normalisation)

    def rule(site: str) -> AbstractRule:
        # an edge that can never have weights has no site; its rule is arbitrary
        return all_rules()[blueprint.rules.get(site, space.rule_choices[0])]()

    def cell(position: Position, preprocess: list[nn.Module], given_channels: int) -> Cell:
        plan = blueprint.cells[position.cell or ""]
        edges = {
            edge.name: make_operation(
                edge.operation,
                channels=position.channels,
                stride=position.stride(plan, edge),
                rule=rule(f"{position.name}.edge{edge.name}"),
                in_channels=given_channels if edge.source < plan.inputs else None,
                style=style,
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

    return SkeletonBuilder(
        space,
        positions=blueprint.positions,
        rule=rule,
        cell=cell,
        input_shape=input_shape,
        num_classes=num_classes,
        style=style,
    ).build()
