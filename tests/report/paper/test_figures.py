"""Figures for papers: size, fonts and contents, read from the figure."""

from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.text import Text

import evonas
from evonas.errors import ConfigError
from evonas.report.html.course import courses
from evonas.report.html.gathering import RunData
from evonas.report.paper.figures import FIGURES
from evonas.report.paper.style import WIDTH_INCHES, paper_style


def made(run: RunData, name: str, *, columns: int = 1) -> Figure:
    with paper_style():
        return FIGURES[name](run, key=None, columns=columns)


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("columns", WIDTH_INCHES)
def test_figure_has_column_width_and_readable_font_sizes(
    run: RunData, name: str, columns: int
) -> None:
    figure = made(run, name, columns=columns)
    assert figure.get_size_inches()[0] == pytest.approx(WIDTH_INCHES[columns], rel=1e-6)
    sizes = [
        float(t.get_fontsize()) for t in figure.findobj(Text) if t.get_text() and t.get_visible()
    ]
    assert sizes
    assert min(sizes) >= 5.5
    assert max(sizes) <= 9


def test_hypervolume_figure_matches_course_of_report(run: RunData) -> None:
    (course,) = courses([run])
    assert course is not None
    line: Any = made(run, "hypervolume").axes[0].lines[0]
    drawn = line.get_xydata().tolist()
    assert drawn == [list(p) for p in zip(course.trainings, course.hypervolume, strict=True)]


def test_cell_figure_has_circle_per_input_node_and_output(run: RunData) -> None:
    plan = run.space.decode(run.space.parse(run.front[0].genome)).cells
    nodes = sum(cell.inputs + cell.nodes + 1 for cell in plan.values())
    axis = made(run, "cells").axes[0]
    assert sum(isinstance(patch, Circle) for patch in axis.patches) == nodes


def test_controls_figure_labels_every_control_in_every_panel(run: RunData) -> None:
    for axis in made(run, "controls").axes:
        labels = [label.get_text().partition(" (")[0] for label in axis.get_yticklabels()]
        assert sorted(labels) == ["all bp", "random rules"]


@pytest.mark.parametrize(
    ("kind", "start"), [("pdf", b"%PDF"), ("png", b"\x89PNG"), ("svg", b"<?xml")]
)
def test_plot_files_are_reproducible(
    folder: Path, tmp_path: Path, kind: str, start: bytes
) -> None:
    paths = [tmp_path / f"{number}.{kind}" for number in (1, 2)]
    for path in paths:
        assert evonas.plot(folder, figure="front", out=path) == path
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert paths[0].read_bytes().startswith(start)


def test_invalid_plot_options_are_rejected_and_write_nothing(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"front, hypervolume, .* got 'fronts'; did you mean"):
        evonas.plot(folder, figure="fronts", out=tmp_path / "a.pdf")
    with pytest.raises(ConfigError, match="format: expected one of pdf, png, svg, got 'bmp'"):
        evonas.plot(folder, out=tmp_path / "a.bmp")
    with pytest.raises(ConfigError, match="columns"):
        evonas.plot(folder, columns=3, out=tmp_path / "a.pdf")
    assert not list(tmp_path.iterdir())
