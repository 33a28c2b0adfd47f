"""The trainings of a run: grouping by candidate, and what a search is told."""

import math
from collections.abc import Callable, Iterable, Sequence

from evonas.evaluation.record import Evaluation
from evonas.search.replicates.collapse import collapsed
from evonas.search.replicates.trial import Trial, TrialResult
from evonas.space import Genome
from evonas.study.results.vectors import told


def by_candidate(trainings: Iterable[Evaluation]) -> dict[str, list[Evaluation]]:
    """The trainings of each candidate by key, ordered by replicate."""
    grouped: dict[str, list[Evaluation]] = {}
    for training in trainings:
        grouped.setdefault(training.key, []).append(training)
    return {key: sorted(some, key=lambda t: t.replicate) for key, some in grouped.items()}


def trained(evaluations: Iterable[Evaluation]) -> list[Evaluation]:
    """Those that cost a training: all but candidates refused for a constraint before theirs."""
    return [each for each in evaluations if each.epochs > 0 or each.failure is not None]


def is_whole(training: Evaluation) -> bool:
    """Whether a candidate was trained and measured in full, unless it failed.

    Otherwise it was refused before its training, stopped on a rung, or its expensive objectives
    were skipped; its record says which. An infeasible one is complete if it was trained.
    """
    if training.failure is not None or training.left_out is None:
        return True
    is_stopped = any(part.startswith("stopped") for part in training.left_out.split("; "))
    return training.epochs > 0 and not training.bounds and not is_stopped


def healthy(trainings: Sequence[Evaluation]) -> list[Evaluation]:
    """A candidate's trainings that neither failed nor collapsed."""
    lost = collapsed([training.learned for training in trainings])
    return [
        training
        for training, is_lost in zip(trainings, lost, strict=True)
        if training.failure is None and not is_lost
    ]


def standard_error(variance: float, share: float, *, num_images: int) -> float:
    """Variance of a share of images: from training noise and the finite number of images.

    Args:
        variance: variance of the share, from training.
        share: in [0, 1].
        num_images: the number of images that it is a share of.
    """
    return math.sqrt(variance + share * (1.0 - share) / num_images)


def error_of_mean(
    variance: float | None, trainings: Sequence[Evaluation], name: str, mean: float
) -> float | None:
    """The standard error of an objective's estimate, from training and images.

    All trainings are measured on the same images, so more of them do not make their error smaller.

    Args:
        variance: variance of the mean due to training; None if unknown.
        trainings: the trainings behind the mean, at least one.
        name: name of the objective, on the test part with ``test_`` before it.
        mean: mean of the trainings.

    Returns:
        None if the training noise is unknown, except for objectives measured by repeats, which
        then have the error of these.
    """
    # a training outside the constraints may lack the objective, so the first one may not have it
    if variance is None:
        return next((t.repeat_errors[name] for t in trainings if name in t.repeat_errors), None)
    num_images = next((t.num_images[name] for t in trainings if name in t.num_images), None)
    if num_images is not None:
        share = min(max(mean, 0.0), 1.0)
        return standard_error(variance, share, num_images=num_images)
    of_images = [t.image_errors[name] ** 2 for t in trainings if name in t.image_errors]
    return math.sqrt(variance + (math.fsum(of_images) / len(of_images) if of_images else 0.0))


def trial_results(
    trainings: Sequence[Evaluation],
    objectives: Sequence[str],
    *,
    genome_of: Callable[[Evaluation], Genome],
) -> list[TrialResult]:
    """Convert trainings to the form that a search uses.

    Args:
        trainings: trainings in the order of requests.
        objectives: objectives of the study.
        genome_of: returns equal genomes for equal keys.
    """
    results = []
    for position, training in enumerate(trainings):
        values, violation = told(training, objectives)
        trial = Trial(genome_of(training), training.replicate)
        results.append(
            TrialResult(
                position,
                trial,
                values,
                violation,
                is_whole=is_whole(training),
                learned=training.learned,
            )
        )
    return results
