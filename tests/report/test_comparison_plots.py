"""Figures and tables of comparisons: contents of the figure and of the files."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from evonas.benchmarking.comparison import Comparison, compare_courses, compare_records
from evonas.benchmarking.scores import BenchScore
from evonas.benchmarking.trajectory import Trajectory
from evonas.report.comparison_plots import draw_attainment, draw_trajectories
from evonas.report.comparison_tables import write_comparison
from evonas.search.pareto import Vector


def trajectory(label: str, seed: int, vectors: Sequence[Vector], *, each: float) -> Trajectory:
    return Trajectory(
        f"{label}-{seed}",
        label,
        tuple(vectors),
        tuple(each * (i + 1) for i in range(len(vectors))),
    )


@pytest.fixture
def compared() -> Comparison:
    # accuracies are negated
    return compare_courses(
        [
            trajectory("good", 0, [(-0.5, 4.0), (-0.9, 8.0), (-0.7, 2.0)], each=1.0),
            trajectory("good", 1, [(-0.5, 4.0), (-0.9, 8.0), (-0.9, 8.0)], each=2.0),
            trajectory("bad", 0, [(-0.1, 9.0), (-0.5, 8.0), (-0.5, 8.0)], each=1.0),
        ]
    )


def test_trajectory_line_is_mean_of_group(
    compared: Comparison, figures: list[Figure], tmp_path: Path
) -> None:
    draw_trajectories(compared, path=tmp_path / "p.png")
    over_evaluations, over_seconds = figures[0].axes
    lines = {str(line.get_label()): line for line in over_evaluations.lines}
    assert set(lines) == {"good (2 runs)", "bad (1 runs)"}
    xs, ys = map(np.asarray, lines["good (2 runs)"].get_data())
    assert list(xs) == [1, 2, 3]
    one, other = (run.trajectory for run in compared.runs[:2])
    assert list(ys) == pytest.approx([(a + b) / 2 for a, b in zip(one, other, strict=True)])
    # by time, a group begins when all have a result and ends when the first one ends
    xs, ys = map(np.asarray, over_seconds.lines[0].get_data())
    assert (xs[0], xs[-1]) == (2.0, 3.0)
    assert ys[0] == pytest.approx((one[1] + other[0]) / 2)
    assert ys[-1] == pytest.approx((one[2] + other[0]) / 2)
    assert imread(tmp_path / "p.png").shape[2] == 4


def test_attainment_surface_is_drawn_in_original_units(
    compared: Comparison, figures: list[Figure], tmp_path: Path
) -> None:
    draw_attainment(compared, ("acc", "params"), path=tmp_path / "p.png")
    axis = figures[0].axes[0]
    lines = {str(line.get_label()): line for line in axis.lines}
    xs, ys = map(np.asarray, lines["good"].get_data())
    # half of two runs: what either has found
    assert list(zip(xs, ys, strict=True)) == [(0.9, 8.0), (0.7, 2.0)]
    assert lines["good"].get_drawstyle() == "steps-post"
    assert axis.get_xlabel() == "acc (fraction, higher is better)"
    assert axis.get_ylabel() == "params (weights, lower is better)"


def test_bench_figure_has_one_panel_with_checkpoints(
    figures: list[Figure], tmp_path: Path
) -> None:
    records = [
        BenchScore("a", seed, count, "hv_share", count / 1000 + seed)
        for seed in range(2)
        for count in (50, 400)
    ]
    draw_trajectories(compare_records({"b.json": records}), path=tmp_path / "p.png")
    (axis,) = figures[0].axes
    assert list(axis.get_xticks()) == [50, 400]
    assert axis.get_ylabel() == "share of the true front's hypervolume"
    assert list(np.asarray(axis.lines[0].get_ydata())) == pytest.approx([0.55, 0.9])


def test_comparison_tables_hold_all_runs_and_surfaces(
    compared: Comparison, tmp_path: Path
) -> None:
    folder = tmp_path / "new" / "out"
    written = write_comparison(compared, folder, objectives=("acc", "params"), signs=(-1.0, 1.0))
    tables = {path.stem: pd.read_csv(path) for path in written}
    assert set(tables) == {"runs", "groups", "tests", "trajectories", "attainment"}
    assert list(tables["runs"]["run"]) == ["good-0", "good-1", "bad-0"]
    assert len(tables["trajectories"]) == 9
    assert list(tables["trajectories"]["seconds"][:3]) == [1.0, 2.0, 3.0]
    rows = tables["attainment"].query("group == 'good'")[["acc", "params"]]
    assert rows.to_numpy().tolist() == [[0.9, 8.0], [0.7, 2.0]]
    means = tables["runs"].groupby("group")["hypervolume"].mean()
    groups = tables["groups"].query("measure == 'hypervolume'").set_index("group")["mean"]
    assert dict(groups) == pytest.approx(dict(means))
