"""Which sites share one choice of a rule: the granularity of a space, as rule genes."""

from collections.abc import Sequence

from evonas.space.blueprint import Position
from evonas.space.genome import Gene


def gene_name(position: Position, site: str, *, granularity: str) -> str:
    """The rule gene that a site belongs to.

    ``layer``: its own. ``edge``: shared by all instances of the cell; one each for the stem, the
    residual reductions and the classifier. ``stage``: the position's. ``network``: the only one.
    """
    if granularity == "layer":
        return site
    if granularity == "edge":
        if position.cell is None:
            return position.kind
        return f"{position.cell}{site.removeprefix(position.name)}"
    if granularity == "stage":
        return f"stage{position.stage}"
    return "network"


def rule_genes(
    positions: Sequence[Position], choices: tuple[str, ...], *, granularity: str
) -> tuple[Gene, ...]:
    """One gene for every group of sites, in the order in which the image meets them first."""
    names = dict.fromkeys(
        gene_name(position, site, granularity=granularity)
        for position in positions
        for site in position.sites
    )
    return tuple(Gene(name, choices, "rule") for name in names)
