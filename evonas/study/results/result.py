"""The result of a finished study."""

from dataclasses import dataclass

from evonas.evaluation.record import Evaluation
from evonas.search.supernet_guided.guided_search import Credit
from evonas.settings import Settings
from evonas.study.results.candidate import Candidate


@dataclass(frozen=True)
class StudyResult:
    """A finished study.

    Attributes:
        settings: settings of the run.
        evaluations: one for each training, in the order of requests.
        candidates: the candidates, in the order of first request.
        front: the returned candidates, sorted by the first objective, best first.
        hypervolumes: hypervolumes of the archive after each generation, at the posterior means of
            that time.
        credit: credit of each operator; empty unless the run had more than one.
        why_fewer: why fewer trainings were done than the settings ask for; None if all were.
    """

    settings: Settings
    evaluations: list[Evaluation]
    candidates: list[Candidate]
    front: list[Candidate]
    hypervolumes: list[float | None]
    credit: dict[str, Credit]
    why_fewer: str | None = None
