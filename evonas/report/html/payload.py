"""Data for the script of the page, as JSON: tables, axes, courses, drawings, controls."""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from evonas.evaluation.objectives import OBJECTIVES
from evonas.evaluation.record import Evaluation
from evonas.report.controls.comparison import compare_controls
from evonas.report.controls.order import by_difference
from evonas.report.controls.verdict import readable_measure, reported, verdict
from evonas.report.formulas import without_formulas
from evonas.report.html.course import Course, courses
from evonas.report.html.depths import depths_of
from evonas.report.html.drawings import drawings_of, looks_of_runs
from evonas.report.html.gathering import RunData
from evonas.report.tables import candidates_table
from evonas.report.visible_range import visible_range

MOST_LOSSES = 60_000
"""Largest number of points in learning curves of candidates that are not on the front."""


def payload(runs: Sequence[RunData], *, reload_seconds: float | None) -> dict[str, Any]:
    """The whole document.

    Args:
        runs: runs of the report.
        reload_seconds: seconds after which an open page reloads itself; None for never.
    """
    names = dict.fromkeys(name for run in runs for name in (*run.objectives, "params", "bio"))
    looks = looks_of_runs(runs)
    found = zip(runs, courses(runs), strict=True)
    return {
        "format": "evonas-report-1",
        "reload": reload_seconds,
        "objectives": {name: _objective(name) for name in names},
        "looks": {name: asdict(look) for name, look in looks.items()},
        "runs": [_run(run, course) | {"drawings": _drawn(run, looks)} for run, course in found],
    }


def as_script(document: Mapping[str, Any]) -> str:
    """JSON that remains data inside a ``script`` element, whatever its texts contain."""
    text = json.dumps(document, allow_nan=False, separators=(",", ":"))
    # json escapes non-ASCII characters; these three could end the element or start a comment
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _objective(name: str) -> dict[str, Any]:
    objective = OBJECTIVES[name]
    return {"unit": objective.unit, "maximised": objective.direction == "maximise"}


def _run(run: RunData, course: Course | None) -> dict[str, Any]:
    header, rows = _table(run)
    state = run.state
    alive = [candidate for candidate in state.candidates if candidate.contends]
    return {
        "name": run.name,
        "folder": str(state.folder),
        "objectives": run.objectives,
        "columns": header,
        "rows": rows,
        "front": [candidate.key for candidate in run.front],
        "likely": [candidate.key for candidate in run.likely],
        "alive": [number for number, c in enumerate(state.candidates) if c.contends],
        "failures": {c.key: c.failure for c in state.candidates if c.failure is not None},
        "ranges": {name: visible_range(alive, name) for name in run.objectives} if alive else {},
        "confirmed": {
            key: {"means": dict(f.means), "errors": dict(f.errors), "times": f.replicates}
            for key, f in state.confirmed.items()
        },
        "course": None if course is None else asdict(course),
        "losses": _losses(run),
        "finals": {
            key: [
                {
                    "seed": each.seed,
                    "loss": [_short(e.loss) for e in each.epochs],
                    "validation": [_short(e.validation) for e in each.epochs],
                }
                for each in some
            ]
            for key, some in run.finals.items()
        },
        "depths": asdict(found) if (found := depths_of(run)) else None,
        "controls": {
            key: _controls(trainings) for key, trainings in run.controls.items() if trainings
        },
        "attacks": [
            {
                "key": each.key,
                "part": each.part,
                "images": each.images,
                "outcomes": [
                    {
                        "attack": o.attack,
                        "epsilon": o.epsilon,
                        "masked": o.is_masked,
                        "accuracy": _short(o.accuracy),
                        "error": _short(o.standard_error),
                        "clean": _short(o.clean),
                    }
                    for o in each.outcomes
                ],
            }
            for each in run.attacks
        ],
    }


def _table(run: RunData) -> tuple[list[str], list[list[str]]]:
    """Header and rows of ``candidates.csv``, cell by cell as written there."""
    state = run.state
    frame = candidates_table(
        state.candidates,
        run.objectives,
        state.confirmed,
        audited=state.audited,
        twins=run.twins,
    )
    header, *rows = csv.reader(io.StringIO(without_formulas(frame).to_csv(index=False)))
    return header, rows


def _losses(run: RunData) -> dict[str, list[list[float | None]]]:
    """Training losses by epoch for each training; candidates that may be on the front first."""
    chosen = {candidate.key for candidate in run.chosen}
    ordered = sorted(run.state.candidates, key=lambda c: c.key not in chosen)
    found, left = {}, MOST_LOSSES
    for candidate in ordered:
        curves = [_curve(training) for training in candidate.trainings if training.losses]
        left -= 0 if candidate.key in chosen else sum(map(len, curves))
        if left < 0:
            break
        if curves:
            found[candidate.key] = curves
    return found


def _curve(training: Evaluation) -> list[float | None]:
    return [_short(loss) for loss in training.losses]


def _controls(trainings: Mapping[str, Sequence[Evaluation]]) -> list[dict[str, Any]]:
    """Differences between network and controls with intervals, measure by measure."""
    rows = reported(compare_controls(trainings))
    found = []
    for measure in dict.fromkeys(row.measure for row in rows):
        for row in by_difference([r for r in rows if r.measure == measure]):
            if row.difference is None:
                continue
            found.append(
                {
                    "measure": readable_measure(measure),
                    "control": row.control,
                    "mean": _short(row.difference.mean),
                    "low": _short(row.difference.low),
                    "high": _short(row.difference.high),
                    "verdict": verdict(row),
                }
            )
    return found


def _drawn(run: RunData, looks: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    return {key: asdict(drawing) for key, drawing in drawings_of(run, looks).items()}


def _short(value: float | None) -> float | None:
    """Round to five significant digits, which suffice for a plot; None for non-finite values."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.5g}")
