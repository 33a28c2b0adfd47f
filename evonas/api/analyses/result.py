"""What an analysis found, as tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

PARTS = ("enrichment", "effects", "gradients", "landscape")
"""What can be analysed, the cheapest first."""


@dataclass(frozen=True, eq=False)
class Analysis:
    """The tables of an analysis; one that was left out is None, and ``left_out`` says why.

    Attributes:
        folder: holds the tables and pictures.
        runs: folders of the runs.
        candidates: number of trained candidates in all runs.
        on_front: how many of them are on the front of their run.
        keys: keys of the networks whose updates and losses were analysed.
        enrichment: every rule at every depth, see :class:`evonas.analysis.enrichment.RuleShare`.
        effects: every choice of every gene, see :class:`evonas.analysis.effects.Effect`.
        fits: fits of the models behind it, see :class:`evonas.analysis.cross_validation.Fit`.
        gradients: every layer under every assignment of rules, see
            :class:`evonas.evaluation.diagnostics.update_noise.LayerNoise`.
        comparisons: every assignment compared with the network's own, see
            :class:`evonas.analysis.noise_comparison.NoiseComparison`.
        landscape: the loss at every point of the grid.
        left_out: by part left out, the reason.

    Examples:
        >>> found = evonas.analyse(study, what=["enrichment"], out="found", progress=False)
        >>> found.enrichment.columns[:2].tolist()
        ['depth', 'rule']
        >>> found.landscape is None
        True
    """

    folder: Path
    runs: tuple[Path, ...]
    candidates: int
    on_front: int
    keys: tuple[str, ...] = ()
    enrichment: "pd.DataFrame | None" = None
    effects: "pd.DataFrame | None" = None
    fits: "pd.DataFrame | None" = None
    gradients: "pd.DataFrame | None" = None
    comparisons: "pd.DataFrame | None" = None
    landscape: "pd.DataFrame | None" = None
    left_out: Mapping[str, str] = field(default_factory=dict)
