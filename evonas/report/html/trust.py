"""Sections on how far the results can be trusted: masking, attacks, controls, failures."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from evonas.counted import counted
from evonas.evaluation.attacks.battery.outcome import worst_cases
from evonas.evaluation.attacks.masking.level_one_report import LevelOne
from evonas.evaluation.attacks.masking.report import MEANINGS
from evonas.report.controls.comparison import compare_controls
from evonas.report.controls.verdict import sentences
from evonas.report.html.gathering import RunData
from evonas.report.html.markup import Row, bullets, heading, missing, paragraph, plot, table

MOST_FAILURES = 100
_LEFT_OUT = {
    "dominated": "because other networks dominate them at any robustness",
    "stopped": "because their training was stopped at a rung",
    "outside": "because they violate constraints",
}


def masking(runs: Sequence[RunData]) -> str:
    """Results of the audit of each front."""
    return _of_each(runs, _masking)


def attacks(runs: Sequence[RunData]) -> str:
    """Results of ``evonas attack``."""
    return _of_each(runs, _attacks)


def controls(runs: Sequence[RunData]) -> str:
    """Networks compared with their controls."""
    return _of_each(runs, _controls)


def failures(runs: Sequence[RunData]) -> str:
    """Failed trainings and left-out networks, with the reasons."""
    return _of_each(runs, _failures)


def _of_each(runs: Sequence[RunData], section: Callable[[int, RunData], Iterator[str]]) -> str:
    parts = []
    for number, run in enumerate(runs):
        parts += [heading(run.name)] if len(runs) > 1 else []
        parts += section(number, run)
    return "\n".join(parts)


def _masking(number: int, run: RunData) -> Iterator[str]:
    audited = run.state.audited
    if not audited:
        again = f"evonas attack {run.state.folder} {_key(run)}"
        yield missing(f"{run.name}: the front was not audited at the end of the search.", again)
        return
    names = list(dict.fromkeys(name for found in audited.values() for name in found.accuracies))
    checks = list(
        dict.fromkeys(check.name for found in audited.values() for check in found.masking.checks)
    )
    header = [
        "network", "flags", "clean", *(f"after {name}" for name in names), "worst case", *checks,
    ]  # fmt: skip
    rows = [
        Row(_audit_cells(key, found, names, checks), run=number, key=key)
        for key, found in audited.items()
    ]
    yield table(header, rows, label=f"audit of {run.name}", left=2)
    yield bullets([f"{name}, flagged: {MEANINGS.get(name, '')}" for name in checks])


def _audit_cells(
    key: str, found: LevelOne, names: Sequence[str], checks: Sequence[str]
) -> list[str]:
    cells = [key[:8], ", ".join(found.flags) or "none", f"{found.clean:.3f}"]
    cells += [f"{found.accuracies[n]:.3f}" if n in found.accuracies else "-" for n in names]
    cells.append(f"{found.worst_case:.3f} ± {found.standard_error:.3f}")
    values = {check.name: check for check in found.masking.checks}
    for name in checks:
        check = values.get(name)
        text = "-" if check is None or check.value is None else f"{check.value:.3g}"
        cells.append(text + (" !" if check is not None and check.is_flagged else ""))
    return cells


def _attacks(number: int, run: RunData) -> Iterator[str]:
    if not run.attacks:
        yield missing(
            f"{run.name}: no network was attacked after the search.",
            f"evonas attack {run.state.folder} {_key(run)}",
        )
        return
    yield plot("attacks", run=number, label=f"accuracy under attack in {run.name}")
    rows = [
        Row(
            [
                each.key[:8],
                each.part,
                worst.epsilon,
                ", ".join(each.masking[worst.epsilon].flags) or "none"
                if worst.epsilon in each.masking
                else "-",
                f"{worst.clean:.3f}",
                f"{worst.accuracy:.3f} ± {worst.standard_error:.3f}",
                str(worst.num_images),
            ],
            run=number,
            key=each.key,
        )
        for each in run.attacks
        for worst in sorted(worst_cases(each.outcomes), key=lambda w: Fraction(w.epsilon))
    ]
    header = ["network", "part", "radius", "flags", "clean", "worst case", "images"]
    yield table(header, rows, label=f"attacks in {run.name}", left=4)


def _controls(number: int, run: RunData) -> Iterator[str]:
    if not run.controls:
        yield missing(
            f"{run.name}: no network has controls.",
            f"evonas ablate {run.state.folder} {_key(run)}",
        )
        return
    yield plot(
        "controls",
        run=number,
        label=f"differences between networks and their controls in {run.name}",
    )
    for key, trainings in run.controls.items():
        yield heading(f"{key[:8]} of {run.name}", level=4)
        yield bullets(sentences(compare_controls(trainings)))


def _failures(number: int, run: RunData) -> Iterator[str]:
    failed = [e for e in run.state.evaluations if e.failure is not None]
    if not failed:
        yield paragraph(f"{run.name}: no training failed.")
    else:
        kinds = Counter(e.failure_kind or "" for e in failed)
        counts = ", ".join(f"{kind}: {count}" for kind, count in kinds.most_common())
        yield paragraph(
            f"{run.name}: {len(failed)} of "
            f"{counted(run.state.num_trainings, 'training')} failed "
            f"({counts}). They have no values and are on no front."
        )
        rows = [
            Row([e.key[:8], e.failure or "", str(e.replicate)], run=number, key=e.key)
            for e in failed[:MOST_FAILURES]
        ]
        header = ["network", "reason", "training"]
        yield table(header, rows, label=f"failures of {run.name}", left=2)
        if len(failed) > MOST_FAILURES:
            yield paragraph(
                f"Only the first {MOST_FAILURES} are shown; failures.csv lists all of them."
            )
    left = Counter(
        (c.left_out or "").partition(" ")[0]
        for c in run.state.candidates
        if c.failure is None and c.left_out
    )
    notes = [
        f"networks left out: {count}, {_LEFT_OUT.get(why, why)}" for why, count in left.items()
    ]
    collapsed = sum(c.collapsed for c in run.state.candidates)
    if collapsed:
        notes.append(f"trainings that failed or collapsed: {collapsed}")
    if notes:
        yield bullets(notes)


def _key(run: RunData) -> str:
    return run.front[0].key[:8] if run.front else "KEY"
