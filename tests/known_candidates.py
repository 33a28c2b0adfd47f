"""Candidates from hand-made trainings."""

from collections.abc import Sequence

from evonas.evaluation.record import Evaluation
from evonas.study.results.candidate import Candidate, candidates_of
from evonas.study.results.standing import plain_standings
from tests.small_run import SMALL_RUN, changed


def candidates(
    trainings: Sequence[Evaluation], objectives: Sequence[str], *, replicates: str = "1"
) -> list[Candidate]:
    """The candidates that result from trainings, without a fitted noise model.

    Args:
        trainings: trainings in the order in which they were requested.
        objectives: objectives of the study.
        replicates: replicates of the study, a number as text.
    """
    settings = changed(SMALL_RUN, objectives=tuple(objectives), replicates=replicates)
    found = plain_standings(trainings, settings)
    return candidates_of(trainings, found, objectives=objectives)
