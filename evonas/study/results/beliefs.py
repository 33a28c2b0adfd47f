"""The candidates of a run that goes on: worked out anew only when something was added."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import final

from evonas.evaluation.record import Evaluation
from evonas.search.replicates.replicated_engines import parse_replicates
from evonas.settings import Settings
from evonas.space import Space
from evonas.study.results.candidate import Candidate, candidates_of
from evonas.study.results.standing import (
    NOTHING,
    Standing,
    plain_standings,
    standings,
    write_standings,
)


@final
class Beliefs:
    """What is believed of the candidates of one run.

    Args:
        settings: of the run.
        space: of the genomes, at the size and with the rules of the run.
        robust_at_most: of candidates whose robustness is masked, by key.
    """

    def __init__(
        self, settings: Settings, space: Space, *, robust_at_most: Mapping[str, float] = NOTHING
    ) -> None:
        self._settings = settings
        self._space = space
        self._robust_at_most = robust_at_most
        self._trainings: list[Evaluation] = []
        self._standings: dict[str, Standing] = {}
        self._candidates: list[Candidate] = []

    @property
    def candidates(self) -> list[Candidate]:
        """As they were when they were last worked out."""
        return self._candidates

    def update(self, trainings: Sequence[Evaluation]) -> list[Candidate]:
        """The candidates by all trainings.

        Args:
            trainings: all that have a result, in the order of asking.
        """
        if trainings != self._trainings:
            self._trainings = list(trainings)
            self._standings = standings(
                trainings,
                self._settings,
                space=self._space,
                robust_at_most=self._robust_at_most,
            )
            self._candidates = candidates_of(
                self._trainings, self._standings, objectives=self._settings.problem.objectives
            )
        return self._candidates

    def glance(self, trainings: Sequence[Evaluation]) -> list[Candidate]:
        """The candidates for a progress bar, in no time.

        With a number of replicates these are the candidates by all trainings; else those of the
        last update, and plain means before there was one.
        """
        if self._candidates and parse_replicates(self._settings.search.replicates) is None:
            return self._candidates
        found = plain_standings(trainings, self._settings, robust_at_most=self._robust_at_most)
        return candidates_of(trainings, found, objectives=self._settings.problem.objectives)

    def write(self, folder: Path) -> None:
        """Keep a copy for those who only read."""
        write_standings(
            folder,
            self._standings,
            num_trainings=len(self._trainings),
            robust_at_most=self._robust_at_most,
        )
