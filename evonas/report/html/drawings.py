"""Draw the networks that may be on a front: their cells, and all layers with their rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from evonas.analysis.rule_sites import live_sites
from evonas.report.cell_drawing import cells_as_svg
from evonas.report.html.gathering import RunData
from evonas.report.network_drawing import network_as_svg
from evonas.report.rule_colours import Look, looks_of

MOST = 40
"""Largest number of networks drawn per run, the front first; each takes about 20 kB."""


@dataclass(frozen=True)
class Drawing:
    """Drawings of one network.

    Attributes:
        cells: its cells, as SVG.
        network: the whole network, as SVG.
    """

    cells: str
    network: str


def looks_of_runs(runs: Sequence[RunData]) -> dict[str, Look]:
    """One look for each rule that occurs in the runs."""
    return looks_of(rule for run in runs for rule in run.space.rule_choices)


def drawings_of(run: RunData, looks: Mapping[str, Look]) -> dict[str, Drawing]:
    """Drawings of the front and of the candidates likely to be on it, keyed by candidate."""
    found = {}
    for candidate in run.chosen[:MOST]:
        blueprint = run.space.decode(run.space.canonical(run.space.parse(candidate.genome)))
        title = f"{candidate.key[:8]} of {run.name}"
        found[candidate.key] = Drawing(
            cells=cells_as_svg(blueprint.cells, title=title),
            network=network_as_svg(
                blueprint, live_sites(blueprint), looks, title=f"network {title}"
            ),
        )
    return found


def legend(looks: Mapping[str, Look]) -> str:
    """Legend of the rules' colours and borders, as HTML."""
    return "".join(
        f'<span class=rule><svg width="26" height="14" aria-hidden="true"><rect x="1" y="1" '
        f'width="24" height="12" rx="2" fill="{look.colour}" fill-opacity="0.42" '
        f'stroke="{look.colour}" stroke-width="2" stroke-dasharray="{look.dashes}"/></svg> '
        f"{escape(rule)}</span>"
        for rule, look in looks.items()
    )
