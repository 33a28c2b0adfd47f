"""Compute the cost of a genome's network without building it, by adding up cached parts.

Building a network of NAS-Bench-201 takes 15 to 40 ms, this module about a tenth of a millisecond,
so a search can afford it for every genome that it considers.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import nn

from evonas.networks.build import seeded_network
from evonas.networks.cell import Cell
from evonas.networks.cost import (
    Size,
    count_multiply_adds,
    count_parameters,
    edge_multiply_adds,
    sizes,
)
from evonas.networks.operations import make_operation
from evonas.networks.skeleton import SkeletonBuilder, check_image_size
from evonas.networks.style import Style
from evonas.rules import AbstractRule, all_rules
from evonas.space import Blueprint, CellPlan, Genome, Operation, Position, Space

RULE = "bp"
"""Rule under which all parts are counted; it adds no parameters of its own."""


@dataclass(frozen=True)
class GenomeCost:
    """The cost of a network.

    Attributes:
        parameters: number of trainable parameters, without the heads of local losses.
        multiply_adds: multiply-adds of one image, see
            :func:`~evonas.networks.cost.count_multiply_adds`.
        by_rule: number of these parameters under each rule.
        by_site: number of these parameters at each site that has some.
    """

    parameters: int
    multiply_adds: int
    by_rule: dict[str, int]
    by_site: dict[str, int]


@dataclass(frozen=True)
class _Skeleton:
    """The cost of a network without the edges of its cells.

    Attributes:
        parameters: number of parameters of every site that has some.
        multiply_adds: total multiply-adds.
        cells: for each cell: its position, height and width before and after it, and the number
            of channels of its inputs.
    """

    parameters: dict[str, int]
    multiply_adds: int
    cells: tuple[tuple[Position, Size, Size, int], ...]


@final
class GenomeCosts:
    """Computes the costs of the genomes of one space.

    Args:
        space: search space.
        input_shape: channels, height and width of the images.
        num_classes: number of logits.

    Raises:
        SpaceError: the images are too small for the space.
    """

    def __init__(
        self, space: Space, *, input_shape: tuple[int, int, int], num_classes: int
    ) -> None:
        check_image_size(space, input_shape)
        self._space = space
        self._input_shape = input_shape
        self._num_classes = num_classes
        self._skeletons: dict[tuple[tuple[Position, ...], Style], _Skeleton] = {}
        self._edges: dict[tuple[object, ...], tuple[int, int]] = {}

    def of(self, genome: Genome) -> GenomeCost:
        """Compute the cost of the network of a genome.

        Raises:
            GenomeError: the genome is not one of the space.
        """
        blueprint = self._space.decode(genome)
        style = Style(blueprint.activation, blueprint.normalisation)
        skeleton = self._skeleton(blueprint, style)
        by_site = dict(skeleton.parameters)
        multiply_adds = skeleton.multiply_adds
        for position, before, after, given in skeleton.cells:
            plan = blueprint.cells[position.cell or ""]
            for edge in plan.edges:
                if edge.operation.kind == "zero":
                    continue
                parameters, products = self._edge(
                    edge.operation,
                    channels=position.channels,
                    stride=position.stride(plan, edge),
                    in_channels=given if edge.source < plan.inputs else position.channels,
                    style=style,
                    before=before,
                    after=after,
                )
                multiply_adds += products
                if parameters:
                    by_site[f"{position.name}.edge{edge.name}"] = parameters
        by_rule: Counter[str] = Counter()
        for site, parameters in by_site.items():
            by_rule[blueprint.rules[site]] += parameters
        return GenomeCost(by_rule.total(), multiply_adds, dict(by_rule), by_site)

    def _edge(
        self,
        operation: Operation,
        *,
        channels: int,
        stride: int,
        in_channels: int,
        style: Style,
        before: Size,
        after: Size,
    ) -> tuple[int, int]:
        key = (operation, channels, stride, in_channels, style, before, after)
        if key not in self._edges:
            with torch.device("meta"):
                module = make_operation(
                    operation,
                    channels=channels,
                    stride=stride,
                    rule=all_rules()[RULE](),
                    in_channels=in_channels,
                    style=style,
                )
            self._edges[key] = (
                count_parameters(module),
                edge_multiply_adds(module, before=before, after=after),
            )
        return self._edges[key]

    def _skeleton(self, blueprint: Blueprint, style: Style) -> _Skeleton:
        key = (blueprint.positions, style)
        if key not in self._skeletons:
            self._skeletons[key] = self._counted(blueprint, style)
        return self._skeletons[key]

    def _counted(self, blueprint: Blueprint, style: Style) -> _Skeleton:
        given: dict[str, int] = {}

        def rule(_: str) -> AbstractRule:
            return all_rules()[RULE]()

        def cell(position: Position, preprocess: list[nn.Module], channels: int) -> Cell:
            given[position.name] = channels
            plan = blueprint.cells[position.cell or ""]
            bare = CellPlan(plan.name, plan.inputs, plan.nodes, plan.join, edges=())
            stride = 2 if position.is_strided else 1
            return Cell(
                bare, edges={}, preprocess=preprocess, channels=position.channels, stride=stride
            )

        builder = SkeletonBuilder(
            self._space,
            positions=blueprint.positions,
            rule=rule,
            cell=cell,
            input_shape=self._input_shape,
            num_classes=self._num_classes,
            style=style,
        )
        with torch.device("meta"):
            network = seeded_network(
                builder.build,
                input_shape=self._input_shape,
                num_classes=self._num_classes,
                seed=0,
                mean=None,
                deviation=None,
            )
        positions = {each.name.replace(".", "_"): each for each in blueprint.positions}
        parameters = {"classifier": count_parameters(network.classifier)}
        parameters["classifier"] += count_parameters(network.head)
        cells: list[tuple[Position, Size, Size, int]] = []
        for name, module, before, after in sizes(network, input_shape=self._input_shape):
            position = positions[name]
            parameters |= _by_site(position.name, module)
            if isinstance(module, Cell):
                cells.append((position, before, after, given[position.name]))
        return _Skeleton(
            {site: count for site, count in parameters.items() if count},
            count_multiply_adds(network, input_shape=self._input_shape),
            tuple(cells),
        )


def _by_site(name: str, module: nn.Module) -> dict[str, int]:
    parts: Sequence[tuple[str, nn.Module]] = [(name, module)]
    if isinstance(module, Cell):
        parts = [(f"{name}.preprocess{at}", part) for at, part in enumerate(module.preprocess)]
    return {site: count_parameters(part) for site, part in parts}
