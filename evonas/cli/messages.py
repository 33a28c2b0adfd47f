"""Messages at the start and the end of a run."""

import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from rich.console import Console
from rich.text import Text

from evonas.api.terminal.console import say
from evonas.counted import counted
from evonas.evaluation.data.survey.survey import Survey
from evonas.evaluation.record import Evaluation
from evonas.report.nearest import no_feasible_candidate
from evonas.report.tables import FRONT_FILE
from evonas.settings import Settings
from evonas.space import Space
from evonas.study.operators_file import describe_credit
from evonas.study.prior.prior_file import prior_names
from evonas.study.results.result import StudyResult
from evonas.study.results.trainings import trained


def introduce(
    console: Console, settings: Settings, space: Space, *, folder: Path, workers: int
) -> None:
    """Print what will be searched, how, where, and into which folder."""
    problem, training, search = settings.problem, settings.training, settings.search
    size = f"{training.channels} channels, {counted(training.cells, 'cell')} per stage"
    if (training.channels, training.cells) != (space.channels, space.cells):
        size += f" (the space's own: {space.channels} and {space.cells})"
    line = Text.assemble(
        (problem.space, "bold"), " on ", (training.dataset, "bold"),
        f": {_plan(settings)}, {size}, rules {' '.join(problem.rules)}; "
        f"{_place(settings, workers)}, seed {search.seed}, into {folder}",
    )  # fmt: skip
    console.print(line, soft_wrap=True)
    earlier = prior_names(folder, sha256=search.prior_sha256)
    if earlier:
        say(console, f"starts from the best genomes of {', '.join(earlier)}")
    if search.supernet_epochs is not None:
        say(
            console,
            f"guided by a supernet: {counted(search.supernet_epochs, 'epoch')}, "
            f"{search.supernet_channels} channels",
        )
    if "robust" in problem.objectives:
        say(
            console,
            f"robust: correct under 10-step APGD of radius {settings.attack.epsilon} along the "
            f"true gradient",
        )


def summarise_images(console: Console, survey: Survey, *, sheet: Path | None) -> None:
    """The lines of a run about its images.

    Args:
        console: console to print on.
        survey: survey of the images.
        sheet: where the contact sheet lies; None where there is none.
    """
    parts = ", ".join(f"{sum(counts):,} {part}" for part, counts in survey.counts.items())
    seen = f"; see {sheet}" if sheet is not None else ""
    say(console, f"images: {parts} of {len(survey.class_names)} classes{seen}")
    if survey.bad:
        say(console, f"unreadable files, skipped: {len(survey.bad):,}")
    for warning in survey.warnings():
        say(console, f"note: {warning}")


def warn(text: str) -> None:
    """Print a warning on standard error; the command continues."""
    with suppress(OSError, ValueError):  # without a reader, the work continues
        print(f"evonas: warning: {text}", file=sys.stderr)


def say_how_to_resume(console: Console, folder: Path) -> None:
    """After an interruption."""
    say(console, f"Interrupted; continue with: evonas resume {shlex.quote(str(folder))}")


def conclude(console: Console, folder: Path, result: StudyResult) -> None:
    """Print the results, and how to view them."""
    failures = sum(e.failure is not None for e in result.evaluations)
    _tell_uncaptured(console, result.evaluations)
    volumes = [volume for volume in result.hypervolumes if volume is not None]
    if volumes and result.front:
        say(
            console,
            f"hypervolume {volumes[0]:.4f} after the first generation, "
            f"{volumes[-1]:.4f} at the end",
        )
    if result.credit:
        say(console, describe_credit(result.credit))
    if result.why_fewer is not None:
        trained = sum(evaluation.epochs > 0 for evaluation in result.evaluations)
        of = result.settings.search.num_trainings
        say(console, f"{trained} of {counted(of, 'training')} done: {result.why_fewer}")
    outside = sum(c.violation > 0 for c in result.candidates)
    constraints = result.settings.problem.constraints
    outside_text = f", {outside} outside the constraints" if constraints else ""
    missing = no_feasible_candidate(result.candidates)
    if missing is not None:
        say(console, missing)
    say(
        console,
        f"{_trained(result)}, {failures} failed{outside_text}, "
        f"{len(result.front)} on the front: {folder / FRONT_FILE}\n"
        f"to see it: evonas front {shlex.quote(str(folder))}",
    )


def _trained(result: StudyResult) -> str:
    candidates, trainings = len(result.candidates), len(trained(result.evaluations))
    more = f" in {trainings} trainings" if trainings != candidates else ""
    return counted(candidates, "candidate") + more


def _place(settings: Settings, workers: int) -> str:
    machine = settings.machine
    if machine.device == "cpu" and machine.precision == "fp32":
        return counted(workers, "worker")
    return f"{counted(workers, 'worker')} on {machine.device}, {machine.precision}"


def _plan(settings: Settings) -> str:
    search, training = settings.search, settings.training
    parts = [
        f"{counted(search.population, 'training')} x {counted(search.generations, 'generation')}"
    ]
    if search.mode == "steady":
        parts = [f"{counted(search.num_trainings, 'training')} in steady state"]
    if training.fidelity:
        rungs = ", ".join(map(str, training.fidelity[:-1]))
        parts.append(
            f"1 in {training.eta} is promoted after {rungs} of {counted(training.epochs, 'epoch')}"
        )
    else:
        parts.append(f"{counted(training.epochs, 'epoch')} each")
    if settings.problem.constraints:
        parts.append(f"within {' and '.join(settings.problem.constraints)}")
    return ", ".join(parts)


def _tell_uncaptured(console: Console, evaluations: Sequence[Evaluation]) -> None:
    reasons = [e.uncaptured for e in evaluations if e.uncaptured is not None]
    if reasons:
        say(
            console,
            f"trained more slowly, without CUDA graphs: {counted(len(reasons), 'candidate')}; "
            f"the first because {reasons[0]}",
        )
