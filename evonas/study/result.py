"""What a finished study found."""

from dataclasses import dataclass

from evonas.evaluation.record import Evaluation
from evonas.search.supernet_guided.guided_search import Credit
from evonas.settings import Settings


@dataclass(frozen=True)
class StudyResult:
    """A finished study.

    Attributes:
        settings: it was run with.
        evaluations: in the order in which they were asked for.
        front: those that none dominates.
        hypervolumes: of the archive after each generation.
        credit: of each operator; empty unless the run had more than one.
    """

    settings: Settings
    evaluations: list[Evaluation]
    front: list[Evaluation]
    hypervolumes: list[float | None]
    credit: dict[str, Credit]
