"""The rules at each depth, on the front and among all candidates."""

from dataclasses import dataclass

from evonas.analysis.population import pool
from evonas.analysis.rule_sites import count_sites
from evonas.errors import ConfigError
from evonas.report.html.gathering import RunData


@dataclass(frozen=True)
class Depths:
    """Shares of the layers with weights.

    Attributes:
        depths: parts of the skeleton, in the order in which the image passes them.
        rules: rules of the run.
        front: by rule, then by depth; None where the front has no such layer.
        everyone: the same of all candidates that were trained.
        networks: how many there are, on the front and among all.
    """

    depths: tuple[str, ...]
    rules: tuple[str, ...]
    front: tuple[tuple[float | None, ...], ...]
    everyone: tuple[tuple[float | None, ...], ...]
    networks: tuple[int, int]


def depths_of(run: RunData) -> Depths | None:
    """The shares in one run; None where nothing was trained yet."""
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
    """By rule and depth, from counts by depth and rule."""
    totals = [sum(row) for row in counts]
    return tuple(
        tuple(
            round(row[rule] / total, 4) if total else None
            for row, total in zip(counts, totals, strict=True)
        )
        for rule in range(len(counts[0]))
    )
