"""Candidates made of trainings by hand."""

from collections.abc import Sequence

from evonas.evaluation.record import Evaluation
from evonas.study.results.candidate import Candidate, candidates_of
from evonas.study.results.standing import plain_standings
from tests.small_run import SMALL_RUN, changed


def candidates(
    trainings: Sequence[Evaluation], objectives: Sequence[str], *, replicates: str = "1"
) -> list[Candidate]:
    """What the trainings of a study come to by themselves.

    Args:
        trainings: in the order of asking.
        objectives: of the study.
        replicates: of the study, a number.
    """
    settings = changed(SMALL_RUN, objectives=tuple(objectives), replicates=replicates)
    found = plain_standings(trainings, settings)
    return candidates_of(trainings, found, objectives=objectives)
