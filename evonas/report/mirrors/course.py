"""The hypervolume after each generation, from the results until then."""

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
    """After a number of trainings.

    Attributes:
        position: in the journal, of the result that completed the number.
        trainings: the trainings that had a result.
        hypervolume: hypervolume of all candidates by the plain means of their trainings until
            then.
    """

    position: int
    trainings: int
    hypervolume: float


def volumes_of(results: Sequence[Result], settings: Settings) -> list[Volume]:
    """One point for every ``population`` finished trainings.

    They never change afterwards, as later estimates play no part. The
    reference is that of the first generation
    (:func:`evonas.study.results.progress.archive_hypervolume`).

    Args:
        results: all that were told, in the order of telling.
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
    """A candidate by the means of its trainings."""

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
