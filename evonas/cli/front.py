"""The front of a run in the terminal and as a picture; torch is not needed for it."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from evonas.api.study import Study
from evonas.api.terminal.console import say
from evonas.api.terminal.json_output import print_json, table_rows
from evonas.api.terminal.tables import print_table
from evonas.cli.claims import claim_and_confirmation
from evonas.cli.estimates import estimate
from evonas.counted import counted
from evonas.evaluation.attacks.masking.level_one_report import LevelOne
from evonas.report.controls.paired import Estimate
from evonas.report.controls.twin import Differences, read_twin_differences
from evonas.report.nearest import no_feasible_candidate
from evonas.report.picture import write_picture
from evonas.report.visible_range import count_outside_axes
from evonas.study.controls.names import CONTROLS_FOLDER
from evonas.study.results.candidate import Candidate, front
from evonas.study.results.likely import likely_front
from evonas.study.results.reading import RunState, read_run
from evonas.study.results.ties import ties

_AUDIT_COLUMNS = ("robust, L1", "masking")


def show_front(console: Console, folder: Path) -> None:
    """Print the front of the run in ``folder``, and see that ``front.png`` shows it."""
    run = read_run(folder)
    objectives = run.settings.problem.objectives
    chosen = front(run.candidates, objectives)
    twins = read_twin_differences(folder)
    outside = no_feasible_candidate(run.candidates)
    if outside is not None:
        say(console, outside)
    else:
        print_table(console, _front_table(chosen, objectives, audited=run.audited, twins=twins))
    level = ties(chosen, objectives)
    if any(candidate.replicates > 1 for candidate in chosen):
        say(console, "± one standard error; n trainings; P of being on the true front")
    if any(level.values()):
        say(console, "≈ within two standard errors of another network on the front")
    if run.audited:
        images = max(found.num_images for found in run.audited.values())
        say(
            console,
            f"L1: correct under APGD (two losses) and Square, {images} images; masking: signs "
            f"that gradient attacks are unreliable",
        )
    lost = _lost_by_audit(run)
    if lost:
        say(console, f"excluded from the front for gradient masking: {', '.join(lost)}")
    if any(candidate.key in twins for candidate in chosen):
        say(console, "- bp: difference from the bp twin, paired by seed, on the validation part")
        say(console, f"controls: {_controls_of(chosen, twins)}")
    try:
        picture = f"picture: {write_picture(folder, run.candidates, run.settings)}"
    except OSError as problem:  # a read-only or full disk
        picture = f"no picture: {folder}: {problem.strerror}"
    say(console, f"{_counts(run, chosen)}; {picture}")
    missing = left_out(run.candidates, objectives)
    if missing:
        say(console, f"not in the picture: {missing}")
    if run.confirmed and chosen:
        say(console, claim_and_confirmation(chosen, run.confirmed))
    if chosen:
        say(console, f"to see one: evonas show {shlex.quote(str(folder))} {chosen[0].key[:8]}")


def print_front(console: Console, folder: Path) -> None:
    """The front as JSON: the rows of ``pareto.csv``, and what they are of."""
    run, study = read_run(folder), Study(folder)
    document = {
        "run": folder,
        "objectives": run.settings.problem.objectives,
        "candidates": len(run.candidates),
        "trainings": run.num_trainings,
        "front": table_rows(study.front),
    }
    print_json(console, document)


def _counts(run: RunState, chosen: Sequence[Candidate]) -> str:
    likely = len(likely_front(run.candidates)) - len(chosen)
    more = f", {counted(likely, 'other')} likely to be on it" if likely else ""
    trainings = run.num_trainings
    of = f"{len(run.candidates)} candidates"
    if trainings != len(run.candidates):
        of += f", trained {'once' if trainings == 1 else f'{trainings} times'}"
    return f"{len(chosen)} of {of}{more}"


def left_out(candidates: Sequence[Candidate], objectives: Sequence[str]) -> str:
    """Number of candidates that the picture omits, by reason."""
    reasons = {
        "failed": lambda c: c.failure is not None,
        "outside the constraints": lambda c: c.failure is None and c.violation > 0,
        "stopped on a rung": lambda c: c.failure is None and _begins(c, "stopped"),
        "dominated before the attack": lambda c: c.failure is None and _begins(c, "dominated"),
    }
    counts = {reason: sum(map(holds, candidates)) for reason, holds in reasons.items()}
    contending = [candidate for candidate in candidates if candidate.contends]
    counts["outside the axes"] = count_outside_axes(contending, objectives)
    return ", ".join(f"{count} {reason}" for reason, count in counts.items() if count)


def _begins(candidate: Candidate, word: str) -> bool:
    return (candidate.left_out or "").startswith(word)


def _controls_of(chosen: Sequence[Candidate], twins: Mapping[str, Differences]) -> str:
    folders = [f"{CONTROLS_FOLDER}/{c.key}" for c in chosen if c.key in twins]
    return ", ".join(folders)


def _front_table(
    chosen: Sequence[Candidate],
    objectives: Sequence[str],
    *,
    audited: Mapping[str, LevelOne],
    twins: Mapping[str, Differences],
) -> Table:
    gaps = [name for name in objectives if any(name in twins.get(c.key, {}) for c in chosen)]
    shown = list(dict.fromkeys([*objectives, "params", "bio"]))
    has_replicates = any(candidate.replicates > 1 for candidate in chosen)
    counts = ("n", "P") if has_replicates else ()
    table = Table(box=None, padding=(0, 1, 0, 0))
    for name in ("key", *shown, *counts):  # a key is there to be copied
        table.add_column(name, no_wrap=True)
    for name in _AUDIT_COLUMNS if audited else ():
        table.add_column(name)
    for name in gaps:
        table.add_column(f"{name} - bp", no_wrap=True)
    table.add_column("weights by rule, %")
    level = ties(chosen, objectives)
    for candidate in chosen:
        weights = candidate.representative.weights_by_rule
        total = sum(weights.values())
        shares = sorted(weights.items(), key=lambda item: -item[1])
        # unknown if no candidate has two trainings with values, within the constraints
        chance = "-" if candidate.p_front is None else f"{candidate.p_front:.2f}"
        counted = (trainings(candidate), chance) if has_replicates else ()
        table.add_row(
            candidate.key + " ≈" * bool(level[candidate.key]),
            *(with_error(candidate, name) for name in shown),
            *counted,
            *(_audit(audited.get(candidate.key)) if audited else ()),
            *(_gap(twins.get(candidate.key, {}).get(name)) for name in gaps),
            ", ".join(f"{name} {100 * count / total:.0f}" for name, count in shares),
        )
    return table


def _audit(found: LevelOne | None) -> tuple[str, str]:
    if found is None:
        return "-", "-"
    worst = estimate(found.worst_case, found.standard_error)
    return worst, ", ".join(found.flags) or "none"


def _lost_by_audit(run: RunState) -> list[str]:
    """Networks that an audit removed from the front, with their flags."""
    keys = {c.key for c in run.candidates if c.on_front}
    return [
        f"{key[:8]} ({', '.join(found.flags)})"
        for key, found in run.audited.items()
        if found.flags and key not in keys
    ]


def _gap(difference: Estimate | None) -> str:
    if difference is None:
        return "-"
    error = f"±{difference.error:.3f}" if difference.error is not None else ""
    return f"{difference.mean:+.3f}{error}"


def with_error(candidate: Candidate, name: str) -> str:
    """A value, with its standard error where it has one."""
    return estimate(candidate.values[name], candidate.errors.get(name))


def trainings(candidate: Candidate) -> str:
    """How often a candidate was trained, and how often it collapsed."""
    if not candidate.collapsed:
        return str(candidate.replicates)
    return f"{candidate.replicates}, {candidate.collapsed} collapsed"
