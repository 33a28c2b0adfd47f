"""Rule genes: which sites share one choice of rule, by the granularity of the space."""

from collections.abc import Sequence

from evonas.space.blueprint import Position
from evonas.space.genome import Gene


def gene_name(position: Position, site: str, *, granularity: str) -> str:
    """Return the name of the rule gene that a site belongs to.

    ``layer``: one gene per site. ``edge``: one gene shared by all instances of the cell, and one
    each for the stem, the residual reductions and the classifier. ``stage``: one gene per stage.
    ``network``: a single gene.
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
    """Return one gene per group of sites, in the order in which the image first reaches them."""
    names = dict.fromkeys(
        gene_name(position, site, granularity=granularity)
        for position in positions
        for site in position.sites
    )
    return tuple(Gene(name, choices, "rule") for name in names)
