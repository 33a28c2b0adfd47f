"""Counts of the rules at sites with trained weights, by depth."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from evonas.analysis.population import Member
from evonas.space import Blueprint, CellPlan, Position, Space


@final
@dataclass(frozen=True, eq=False)
class SiteCounts:
    """Number of sites with weights under each rule.

    Attributes:
        depths: parts of the skeleton, in the order in which the image passes them.
        rules: rules of the space.
        counts: numbers of sites, (members, depths, rules).
    """

    depths: tuple[str, ...]
    rules: tuple[str, ...]
    counts: NDArray[np.int_]


def depth_of(position: Position) -> str:
    """Return the part of the skeleton that a position belongs to: ``stem``, ``stage0``, ..."""
    return position.name.partition(".")[0]


def count_sites(space: Space, members: Sequence[Member]) -> SiteCounts:
    """Count the sites whose weights a rule trains, for every member, depth and rule.

    A rule gene is not counted if its site has no weights in a genome, or does not reach the
    logits. On the stem, rules that train a first layer identically are counted as their
    representative in canonical genomes, and likewise on the classifier.
    """
    depths = tuple(dict.fromkeys(depth_of(position) for position in space.positions))
    counts = np.zeros((len(members), len(depths), len(space.rule_choices)), dtype=int)
    for row, member in zip(counts, members, strict=True):
        blueprint = space.decode(member.genome)
        for position, site in live_sites(blueprint):
            rule = space.rule_choices.index(blueprint.rules[site])
            row[depths.index(depth_of(position)), rule] += 1
    return SiteCounts(depths, space.rule_choices, counts)


def live_sites(blueprint: Blueprint) -> list[tuple[Position, str]]:
    """Return the sites whose weights are trained: they have weights, and reach the logits."""
    positions = blueprint.positions
    needed = {len(positions) - 1}
    found: list[tuple[Position, str]] = []
    for number in range(len(positions) - 1, -1, -1):
        if number not in needed:
            continue
        position = positions[number]
        if position.cell is None:
            found.append((position, position.name))
            needed.add(max(number - 1, 0))
            continue
        plan = blueprint.cells[position.cell]
        # with two inputs, input 0 is the position before the previous one
        back = (number - 1,) if plan.inputs == 1 else (number - 2, number - 1)
        needed |= {max(back[node], 0) for node in plan.live_inputs}
        found += [(position, site) for site in _sites_of(position, plan)]
    return found[::-1]


def _sites_of(position: Position, plan: CellPlan) -> Iterator[str]:
    for edge in plan.edges:
        if edge.is_live and position.has_weights(plan, edge):
            yield f"{position.name}.edge{edge.name}"
    if plan.inputs == 2:
        yield from (f"{position.name}.preprocess{node}" for node in plan.live_inputs)
