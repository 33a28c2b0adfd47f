"""Figures of fronts: contents read from the figure; the file is an image."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from evonas.evaluation.record import Evaluation
from evonas.report.plot import draw_front
from evonas.report.visible_range import count_outside_axes, visible_range
from tests.known_candidates import candidates


def told(key: str, failure: str | None = None, **values: float) -> Evaluation:
    values |= {"bio": values.get("acc", 0.0), "flops": values.get("params", 0.0)}
    return Evaluation(key, key, {} if failure else values, {}, (), 1, 0.0, 0, failure)


TOLD = [
    told("a", acc=0.9, robust=0.1, params=100.0),
    told("b", acc=0.5, robust=0.4, params=40.0),
    told("c", acc=0.4, robust=0.3, params=90.0),
    told("d", "diverged: at once"),
]


def draw(
    trainings: Sequence[Evaluation], objectives: Sequence[str], *, path: Path, title: str
) -> None:
    draw_front(candidates(trainings, objectives), objectives, path=path, title=title)


@pytest.mark.parametrize(
    ("objectives", "panels"),
    [
        (("acc",), 1),
        (("acc", "robust"), 1),
        (("acc", "robust", "params"), 3),
        (("acc", "robust", "params", "bio"), 6),
        (("acc", "robust", "params", "bio", "flops"), 10),
    ],
)
def test_figure_has_a_panel_for_each_pair_of_objectives(
    tmp_path: Path, figures: list[Figure], objectives: tuple[str, ...], panels: int
) -> None:
    path = tmp_path / "front.png"
    draw(TOLD, objectives, path=path, title="a title")
    assert len(figures[0].axes) == panels
    height, width = imread(path).shape[:2]
    rows = -(-panels // 3)  # more than three in a row would be illegible
    assert 150 * 4 * min(panels, 3) < width < 150 * 5 * min(panels, 3)
    assert 150 * 4 * rows < height < 150 * 5 * rows


def test_every_successful_candidate_is_drawn_once(tmp_path: Path, figures: list[Figure]) -> None:
    draw(TOLD, ("acc", "robust"), path=tmp_path / "front.png", title="")
    clouds: list[Any] = list(figures[0].axes[0].collections)
    dominated, front = (sorted(map(tuple, points.get_offsets().tolist())) for points in clouds)
    assert dominated == [(0.4, 0.3)]
    assert front == [(0.5, 0.4), (0.9, 0.1)]


def test_step_line_bounds_the_dominated_region(tmp_path: Path, figures: list[Figure]) -> None:
    draw(TOLD, ("acc", "robust"), path=tmp_path / "front.png", title="")
    (line,) = figures[0].axes[0].lines
    x, y = (np.asarray(data, dtype=float) for data in line.get_data())
    assert list(zip(x, y, strict=True)) == [(0.9, 0.1), (0.5, 0.4)]
    # the dominated region ends at y = 0.1 from x = 0.9 to x = 0.5, and from there at y = 0.4
    assert line.get_drawstyle() == "steps-post"


def test_step_line_is_drawn_for_two_objectives_only(tmp_path: Path, figures: list[Figure]) -> None:
    draw(TOLD, ("acc", "robust", "params"), path=tmp_path / "front.png", title="a title")
    assert not any(len(axis.lines) for axis in figures[0].axes)
    assert figures[0].get_suptitle() == "a title"


@pytest.mark.parametrize(("name", "course"), [("acc", [0.5, 0.9, 0.9]), ("params", [40, 40, 40])])
def test_single_objective_is_drawn_in_order_with_best_so_far(
    tmp_path: Path, figures: list[Figure], name: str, course: list[float]
) -> None:
    # the failure among them is left out
    told_in_order = [TOLD[1], TOLD[0], TOLD[3], TOLD[2]]
    draw(told_in_order, (name,), path=tmp_path / "front.png", title="")
    axis = figures[0].axes[0]
    points: Any = axis.collections[0]
    values = [e.values[name] for e in (TOLD[1], TOLD[0], TOLD[2])]
    assert points.get_offsets()[:, 1].tolist() == values
    assert np.asarray(axis.lines[0].get_ydata()).tolist() == course


@pytest.mark.parametrize("objectives", [("acc",), ("acc", "robust")])
def test_study_with_failures_only_still_has_a_figure(
    tmp_path: Path, objectives: tuple[str, ...]
) -> None:
    draw([TOLD[3]], objectives, path=tmp_path / "front.png", title="")
    assert imread(tmp_path / "front.png").shape[2] == 4


def test_axis_labels_name_unit_and_better_direction(tmp_path: Path, figures: list[Figure]) -> None:
    draw(TOLD, ("acc", "params"), path=tmp_path / "front.png", title="")
    axis = figures[0].axes[0]
    assert axis.get_xlabel() == "acc (fraction, higher is better)"
    assert axis.get_ylabel() == "params (weights, lower is better)"
    assert axis.yaxis.get_major_formatter()(1_500_000) == "1.5M"


def test_error_bars_of_contenders_span_one_standard_error(
    tmp_path: Path, figures: list[Figure]
) -> None:
    trainings = [
        replace(each, replicate=number, values={**each.values, "acc": each.values["acc"] + step})
        for each in TOLD[:3]
        for number, step in enumerate((-0.01, 0.01))
    ]
    made = candidates(trainings, ("acc", "robust"), replicates="2")
    draw_front(made, ("acc", "robust"), path=tmp_path / "front.png", title="")
    axis = figures[0].axes[0]
    lines = [collection for collection in axis.collections if hasattr(collection, "get_segments")]
    spans = sorted(
        (segment[:, 0].min(), segment[:, 0].max())
        for collection in lines
        for segment in collection.get_segments()
        if np.ptp(segment[:, 0]) > 0.0
    )
    # scatter 2 x .0001 of each network, one degree of freedom, two trainings: .01
    assert spans == [pytest.approx((0.49, 0.51)), pytest.approx((0.89, 0.91))]


def test_distant_outliers_are_cut_off_and_counted() -> None:
    near = [told(str(i), acc=0.9 + i / 1000, params=100.0 - i) for i in range(9)]
    made = candidates([*near, told("far", acc=0.1, params=99.5)], ("acc", "params"))
    low, high = visible_range(made, "acc")
    assert 0.89 < low < 0.9
    assert 0.908 < high < 0.95
    assert count_outside_axes(made, ("acc", "params")) == 1
    assert count_outside_axes(made, ("acc",)) == 0
    assert count_outside_axes(made[:-1], ("acc", "params")) == 0
