"""Progress of a study: counts, the best of each objective, hypervolume of the archive."""

from collections.abc import Sequence
from dataclasses import dataclass

from evonas.evaluation.objectives import OBJECTIVES, Objective
from evonas.search.pareto import hypervolume
from evonas.settings import Settings
from evonas.study.results.tally import Tally
from evonas.study.results.vectors import Measured, vector

# the reference is slightly beyond the worst, so that the ends of a front count too
BEYOND_WORST = 1.1


@dataclass(frozen=True)
class Progress:
    """A study at one moment.

    Attributes:
        done: finished trainings, failures included.
        total: maximum number of trainings.
        epochs_done: epochs done of all trainings.
        epochs_total: their expected total, if none fails.
        failures: trainings that failed.
        generation: the one being evaluated, from 0.
        best: of each objective.
        hypervolume: share of the box between the ideal and the reference that the archive
            dominates, at posterior means; None until the first generation, which fixes the
            reference, is complete.
        front_size: number of candidates that would be returned.
    """

    done: int
    total: int
    epochs_done: int
    epochs_total: int
    failures: int
    generation: int
    best: dict[str, float]
    hypervolume: float | None
    front_size: int


def progress_of(
    tally: Tally,
    returned: Sequence[Measured],
    *,
    settings: Settings,
    epochs_total: int,
    generation: int,
    volume: float | None,
) -> Progress:
    """Summarise the progress of a study.

    Args:
        tally: tally of its trainings so far.
        returned: the candidates of its front.
        settings: settings of the study.
        epochs_total: epochs total of all its trainings, if none fails.
        generation: the one being evaluated.
        volume: the hypervolume.
    """
    return Progress(
        done=tally.done,
        total=settings.search.num_trainings,
        epochs_done=tally.epochs,
        epochs_total=epochs_total,
        failures=tally.failures,
        generation=generation,
        best=best(returned, settings.problem.objectives),
        hypervolume=volume,
        front_size=len(returned),
    )


def best(measured: Sequence[Measured], objectives: Sequence[str]) -> dict[str, float]:
    """The best value of each objective among eligible candidates."""
    values = {name: [e.values[name] for e in measured if e.contends] for name in objectives}
    return {
        name: min(given, key=OBJECTIVES[name].minimised) for name, given in values.items() if given
    }


def archive_hypervolume(
    measured: Sequence[Measured],
    objectives: Sequence[str],
    *,
    reference_generation: Sequence[Measured],
) -> float | None:
    """Hypervolume of all measured candidates, in the unit box between ideal and reference.

    An objective whose best and worst values are known takes them as its ideal and its reference
    (accuracy: 1 and 0). Where one of them is not, ``reference_generation`` stands for it: its best
    as the ideal, and beyond its worst by a tenth of the way from the ideal as the reference
    (parameters: 0, and 1.1 times the largest). None if every candidate of it failed.
    """
    if all(e.failure is not None for e in reference_generation):
        return None
    sides = [_side(OBJECTIVES[name], reference_generation) for name in objectives]
    vectors = [v for e in measured if (v := vector(e, objectives)) is not None]
    scaled = [
        tuple(
            (value - ideal) / (reference - ideal)
            for value, (ideal, reference) in zip(v, sides, strict=True)
        )
        for v in vectors
    ]
    return hypervolume(scaled, reference=(1.0,) * len(objectives))


def _side(objective: Objective, reference_generation: Sequence[Measured]) -> tuple[float, float]:
    """The ideal and the reference of one objective, both minimised."""
    seen = [
        objective.minimised(e.values[objective.name])
        for e in reference_generation
        if e.failure is None and objective.name in e.values
    ] or [0.0]
    ideal = min(seen) if objective.best is None else objective.minimised(objective.best)
    if objective.worst is not None:
        reference = objective.minimised(objective.worst)
    else:
        reference = ideal + BEYOND_WORST * (max(seen) - ideal)
    return ideal, reference if reference > ideal else ideal + 1.0
