"""Figures of an analysis: the oracle is the figure's own contents."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from evonas.analysis.cross_validation import Fit
from evonas.analysis.effects import Effect
from evonas.analysis.enrichment import RuleShare
from evonas.evaluation.diagnostics.update_noise import LayerNoise
from evonas.report.analysis.effects_plot import draw_effects
from evonas.report.analysis.enrichment_plot import draw_enrichment, draw_shares
from evonas.report.analysis.gradients_plot import draw_gradients
from evonas.report.analysis.landscape_plot import draw_landscape

CELLS = [
    RuleShare("stem", "fa", 2, 5, 1.0, 1.0, 0.0, math.nan, math.nan, math.nan),
    RuleShare("stem", "usf", 0, 0, 0.0, 0.0, 0.0, math.nan, math.nan, math.nan),
    RuleShare("stage0", "fa", 1, 5, 0.25, 0.5, -0.25, 0.01, 0.02, 0.001),
    RuleShare("stage0", "usf", 3, 5, 0.75, 0.5, 0.25, 0.2, 0.2, 0.001),
]


def test_star_marks_significant_cells_and_untested_are_blank(
    figures: list[Figure], tmp_path: Path
) -> None:
    draw_enrichment(CELLS, path=tmp_path / "e.png", title="t")
    axis = figures[0].axes[0]
    assert [text.get_text() for text in axis.texts] == ["-0.25 *\np 0.01", "+0.25\np 0.2"]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["stem", "stage0"]
    shown: np.ndarray[Any, Any] = np.ma.filled(np.ma.asarray(axis.images[0].get_array()), np.nan)
    assert np.isnan(shown[:, 0]).all()
    assert shown[:, 1].tolist() == [-0.25, 0.25]


def test_share_bars_add_up_to_one_with_site_counts(figures: list[Figure], tmp_path: Path) -> None:
    draw_shares(CELLS, path=tmp_path / "s.png", title="t")
    front, everyone = figures[0].axes
    for axis, counts, first in ((front, ["2", "4"], 0.25), (everyone, ["5", "10"], 0.5)):
        heights = np.array([bar.get_height() for bar in axis.patches]).reshape(2, 2)  # type: ignore[attr-defined]
        assert heights.sum(axis=0).tolist() == [1.0, 1.0]
        assert heights[0, 1] == first
        assert [text.get_text() for text in axis.texts] == counts


def test_largest_effects_come_first_with_r2_in_title(
    figures: list[Figure], tmp_path: Path
) -> None:
    effects = [
        Effect("acc", "operation", f"g{i}", "conv", i, 0.01 * i, 0.001, 0.02 * i, 0.002)
        for i in range(20)
    ] + [Effect("acc", "rule", "any site", "fa", 3, 0.1, 0.01, 0.1, 0.01)]
    fits = [
        Fit("acc", "gaussian process", 40, 10, 0.61, 0.1, 0.5, 0.01, math.nan),
        Fit("acc", "additive", 40, 10, 0.42, 0.1, 0.5, 0.01, math.nan),
    ]
    draw_effects(effects, fits, path=tmp_path / "f.png", title="t")
    operations, rules = figures[0].axes
    labels = [label.get_text() for label in operations.get_yticklabels()]
    assert len(labels) == 14
    assert labels[-1] == "conv at g19  (19)"
    assert np.asarray(operations.lines[0].get_xdata())[-1] == 0.19
    assert rules.get_title() == ("rules; held-out R2 0.61 (gaussian process), 0.42 (additive)")


def test_gradient_plot_has_one_line_per_assignment(figures: list[Figure], tmp_path: Path) -> None:
    some = [
        LayerNoise(assignment, layer, "fa", 9, nv, (), 0.5)
        for assignment in ("own", "bp", "fa")
        for layer, nv in (("stem", 2.0), ("classifier", math.nan))
    ]
    path = tmp_path / "g.png"
    draw_gradients({"initial": some, "trained": some}, batches=20, path=path, title="t")
    axes = figures[0].axes
    assert len(axes) == 4
    names = [line.get_label() for line in axes[0].lines]
    assert names[:3] == ["own rules", "bp", "fa"]
    assert [np.asarray(line.get_ydata()).tolist() for line in axes[0].lines][:3] == [[2.0]] * 3
    assert path.stat().st_size > 1000


def test_landscape_contours_span_finite_losses_and_tolerate_infinities(
    figures: list[Figure], tmp_path: Path
) -> None:
    surface = [[4.0, 2.0, math.inf], [2.0, 0.1, 2.0], [math.nan, 2.0, 8.0]]
    draw_landscape(surface, [-1.0, 0.0, 1.0], path=tmp_path / "l.png", title="t")
    axis, bar = figures[0].axes
    assert bar.get_ylim() == (0.1, 8.0)
    assert axis.get_aspect() == 1.0
    draw_landscape([[1.0] * 3] * 3, [-1.0, 0.0, 1.0], path=tmp_path / "flat.png", title="t")
