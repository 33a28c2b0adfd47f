"""Hypervolume over trainings: counted on a grid of the box, and by hand where that is easy."""

from dataclasses import replace

import numpy as np
import pytest

from evonas.report.html.course import courses
from evonas.report.html.gathering import RunData
from evonas.study.results.progress import archive_hypervolume


def test_hypervolume_course_rises_to_final_archive_hypervolume(run: RunData) -> None:
    (course,) = courses([run])
    assert course is not None
    assert list(course.hypervolume) == sorted(course.hypervolume)
    assert course.trainings[-1] == len(run.state.evaluations)
    assert course.seconds[-1] == pytest.approx(sum(e.seconds for e in run.state.evaluations))
    first = run.state.candidates[: run.state.settings.search.population]
    whole = archive_hypervolume(run.state.candidates, run.objectives, reference_generation=first)
    assert course.hypervolume[-1] == pytest.approx(whole)


def test_hypervolume_course_matches_grid_count(run: RunData) -> None:
    (course,) = courses([run])
    assert course is not None
    candidates = run.state.candidates
    first = candidates[: run.state.settings.search.population]
    most = 1.1 * max(c.values["params"] for c in first)  # the reference; its ideal is 0
    grid = (np.arange(2000) + 0.5) / 2000
    order = [e.key for e in run.state.evaluations]
    for number, volume in zip(course.trainings, course.hypervolume, strict=True):
        known = [c for c in candidates if order.index(c.key) < number and c.contends]
        # for each height of accuracy, the share of parameters above the smallest such network
        reach = np.zeros_like(grid)
        for c in known:
            share = 1 - c.values["params"] / most
            reach = np.where(grid < c.values["acc"], np.maximum(reach, share), reach)
        assert volume == pytest.approx(reach.mean(), abs=2e-3)


def test_runs_with_equal_objectives_share_a_reference(run: RunData) -> None:
    larger = replace(
        run,
        state=replace(
            run.state,
            candidates=[
                replace(c, values={**c.values, "params": 10 * c.values["params"]})
                for c in run.state.candidates
            ],
        ),
    )
    alone, _ = courses([run])[0], None
    beside, other = courses([run, larger])
    assert alone is not None
    assert beside is not None
    assert other is not None
    # against a reference ten times as large, the same networks leave much more of the box
    assert beside.hypervolume[-1] > alone.hypervolume[-1]
    assert beside.hypervolume[-1] > other.hypervolume[-1]
