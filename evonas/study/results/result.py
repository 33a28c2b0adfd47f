"""What a finished study found."""

from dataclasses import dataclass

from evonas.evaluation.record import Evaluation
from evonas.search.supernet_guided.guided_search import Credit
from evonas.settings import Settings
from evonas.study.results.candidate import Candidate


@dataclass(frozen=True)
class StudyResult:
    """A finished study.

    Attributes:
        settings: it was run with.
        evaluations: evaluations of every training, in the order in which they were asked for.
        candidates: what these come to, in the order in which they were first asked for.
        front: the candidates that are returned, the best by the first objective first.
        hypervolumes: hypervolumes of the archive after each generation, by what was believed of it
            then.
        credit: credit of each operator; empty unless the run had more than one.
        why_fewer: why fewer trainings were made than the settings ask for; None where all were.
    """

    settings: Settings
    evaluations: list[Evaluation]
    candidates: list[Candidate]
    front: list[Candidate]
    hypervolumes: list[float | None]
    credit: dict[str, Credit]
    why_fewer: str | None = None
