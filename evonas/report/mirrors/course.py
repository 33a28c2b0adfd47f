"""Compute the hypervolume after each generation from the results known by then."""

from collections.abc import Sequence
from dataclasses import dataclass

from evonas.evaluation.record import Evaluation
from evonas.report.mirrors.history import Result
from evonas.settings import Settings
from evonas.study.results.candidate import counted
from evonas.study.results.progress import archive_hypervolume
from evonas.study.results.trainings import by_candidate, is_whole


@dataclass(frozen=True)
class Volume:
    """Hypervolume after a number of trainings.

    Attributes:
        position: position in the journal of the last of these results.
        trainings: number of trainings with a result.
        hypervolume: hypervolume of all candidates, by the plain means of their trainings so far.
    """

    position: int
    trainings: int
    hypervolume: float


def volumes_of(results: Sequence[Result], settings: Settings) -> list[Volume]:
    """One hypervolume for every ``population`` trainings with a result.

    The values never change afterwards, because later estimates of a candidate are not used. The
    reference is that of the first generation
    (:func:`evonas.study.results.progress.archive_hypervolume`).

    Args:
        results: all results, in the order of the journal.
        settings: settings of the run.
    """
    objectives, population = settings.problem.objectives, settings.search.population
    latest: dict[tuple[str, int], Evaluation] = {}
    reference: list[_Believed] = []
    volumes: list[Volume] = []
    for result in results:
        training = (result.evaluation.key, result.evaluation.replicate)
        is_new = training not in latest
        latest[training] = result.evaluation
        if not is_new or len(latest) % population:
            continue
        believed = [_believed(some) for some in by_candidate(latest.values()).values()]
        reference = reference or believed
        volume = archive_hypervolume(believed, objectives, reference_generation=reference)
        if volume is not None:
            volumes.append(Volume(result.position, len(latest), volume))
    return volumes


@dataclass(frozen=True)
class _Believed:
    """A candidate, described by the means of its trainings."""

    values: dict[str, float]
    contends: bool
    failure: str | None


def _believed(trainings: Sequence[Evaluation]) -> _Believed:
    used = counted(trainings)
    names = dict.fromkeys(name for each in used for name in each.values)
    means = {}
    for name in names:
        values = [each.values[name] for each in used if name in each.values]
        means[name] = sum(values) / len(values)
    return _Believed(
        means,
        contends=all(is_whole(each) and each.contends for each in used),
        failure=used[0].failure,
    )
