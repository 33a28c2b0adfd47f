"""The candidates of a running study, updated incrementally."""

from collections.abc import Callable, Mapping, Sequence
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
from evonas.study.results.tally import Tally

MIN_CHANCE = 0.05
"""Probability of being on the front from which a candidate's weights are kept."""


def is_ahead(candidate: Candidate) -> bool:
    """Whether it is on the front or likely to be."""
    return candidate.on_front or (candidate.p_front or 0.0) >= MIN_CHANCE


@final
class Beliefs:
    """Posterior estimates of the candidates of one run.

    Args:
        settings: settings of the run.
        space: space of the genomes, at the size and with the rules of the run.
        robust_at_most: upper bounds for candidates with masked gradients, by key.

    Attributes:
        tally: tally of the results so far.
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
        replicates = parse_replicates(settings.search.replicates)
        self._is_plain = replicates is not None
        self._is_single = replicates == 1
        self.tally = Tally()
        self._ahead: list[str] = []  # on the front, or likely to be
        self._fresh: dict[str, None] = {}  # candidates with results since then

    def note(self, evaluation: Evaluation) -> None:
        """Add a result; it is used from the next update on."""
        self.tally.add(evaluation)
        if evaluation.epochs:
            self._fresh[evaluation.key] = None

    def update(self, trainings: Sequence[Evaluation]) -> list[Candidate]:
        """The candidates, from all trainings.

        Args:
            trainings: all finished trainings, in the order of requests.
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

    def contenders(self) -> list[Candidate]:
        """Candidates that include the front, in a time that does not grow with the study.

        With a fixed number of replicates, these are the previous contenders and those with new
        results: the others cannot return. Otherwise they are those of the last update; before
        the first update, plain means of all.
        """
        if self._candidates and not self._is_plain:
            return self._candidates
        keys = dict.fromkeys((*self._ahead, *self._fresh))
        trainings = [training for key in keys for training in self.tally.of(key)]
        found = plain_standings(trainings, self._settings, robust_at_most=self._robust_at_most)
        candidates = candidates_of(trainings, found, objectives=self._settings.problem.objectives)
        if self._is_single:  # no other training will change these estimates
            self._keep_contenders(candidates)
        return candidates

    def end_generation(self, trainings: Callable[[], Sequence[Evaluation]]) -> list[Candidate]:
        """Candidates that include the front at the end of a generation.

        Args:
            trainings: returns all finished trainings, in the order of requests; called if a model
                is fitted to all of them.
        """
        found = self.contenders() if self._is_plain else self.update(trainings())
        self._keep_contenders(found)
        return found

    def _keep_contenders(self, candidates: Sequence[Candidate]) -> None:
        self._ahead = [each.key for each in candidates if is_ahead(each)]
        self._fresh.clear()

    def write(self, folder: Path) -> None:
        """Write a copy for readers."""
        write_standings(
            folder,
            self._standings,
            trainings=self._trainings,
            robust_at_most=self._robust_at_most,
        )
