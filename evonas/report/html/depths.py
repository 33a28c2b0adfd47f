"""Share of each rule at each depth, on the front and among all candidates."""

from dataclasses import dataclass

from evonas.analysis.population import pool
from evonas.analysis.rule_sites import count_sites
from evonas.errors import ConfigError
from evonas.report.html.gathering import RunData


@dataclass(frozen=True)
class Depths:
    """Shares of rules among the layers with weights.

    Attributes:
        depths: parts of the skeleton, in the order of the forward pass.
        rules: names of the run's rules.
        front: shares on the front, by rule, then by depth; None if it has no layer at a depth.
        everyone: shares among all trained candidates, by rule, then by depth.
        networks: number of networks on the front and among all.
    """

    depths: tuple[str, ...]
    rules: tuple[str, ...]
    front: tuple[tuple[float | None, ...], ...]
    everyone: tuple[tuple[float | None, ...], ...]
    networks: tuple[int, int]


def depths_of(run: RunData) -> Depths | None:
    """The shares in one run; None if nothing has been trained yet."""
    try:
        population = pool([run.state], [run.space])
    except ConfigError:
        return None
    found = count_sites(population.space, population.members)
    is_front = [member.on_front for member in population.members]
    front, everyone = found.counts[is_front].sum(axis=0), found.counts.sum(axis=0)
    return Depths(
        depths=found.depths,
        rules=found.rules,
        front=_shares(front.tolist()),
        everyone=_shares(everyone.tolist()),
        networks=(sum(is_front), len(is_front)),
    )


def _shares(counts: list[list[int]]) -> tuple[tuple[float | None, ...], ...]:
    """Shares by rule and depth, from counts by depth and rule."""
    totals = [sum(row) for row in counts]
    return tuple(
        tuple(
            round(row[rule] / total, 4) if total else None
            for row, total in zip(counts, totals, strict=True)
        )
        for rule in range(len(counts[0]))
    )
