"""The candidates of a run that goes on: worked out anew only when something was added."""

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
"""Of being on the front, from which on a candidate is not behind, and its weights are kept."""


def is_ahead(candidate: Candidate) -> bool:
    """Whether it is on the front, or has some chance to be there."""
    return candidate.on_front or (candidate.p_front or 0.0) >= MIN_CHANCE


@final
class Beliefs:
    """What is believed of the candidates of one run.

    Args:
        settings: settings of the run.
        space: space of the genomes, at the size and with the rules of the run.
        robust_at_most: of candidates whose robustness is masked, by key.

    Attributes:
        tally: tally of the results that were noted.
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
        self._ahead: list[str] = []  # on the front, or with some chance to be there
        self._fresh: dict[str, None] = {}  # candidates with results since these were found

    def note(self, evaluation: Evaluation) -> None:
        """Take a result as it comes; it is believed from the next look on."""
        self.tally.add(evaluation)
        if evaluation.epochs:
            self._fresh[evaluation.key] = None

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

    def glance(self) -> list[Candidate]:
        """Candidates among which is the front, in a time that does not grow with the study.

        With a number of replicates these are those who were ahead and those with new results: who
        was behind stays behind. Else they are those of the last update, and plain means of all
        before there was one.
        """
        if self._candidates and not self._is_plain:
            return self._candidates
        keys = dict.fromkeys((*self._ahead, *self._fresh))
        trainings = [training for key in keys for training in self.tally.of(key)]
        found = plain_standings(trainings, self._settings, robust_at_most=self._robust_at_most)
        candidates = candidates_of(trainings, found, objectives=self._settings.problem.objectives)
        if self._is_single:  # no other training will change what is believed of them
            self._forget_behind(candidates)
        return candidates

    def end_generation(self, trainings: Callable[[], Sequence[Evaluation]]) -> list[Candidate]:
        """Candidates among which is the front at the end of a generation.

        Args:
            trainings: gives all that have a result, in the order of asking; called where a model
                is fitted to all of them.
        """
        found = self.glance() if self._is_plain else self.update(trainings())
        self._forget_behind(found)
        return found

    def _forget_behind(self, candidates: Sequence[Candidate]) -> None:
        self._ahead = [each.key for each in candidates if is_ahead(each)]
        self._fresh.clear()

    def write(self, folder: Path) -> None:
        """Keep a copy for those who only read."""
        write_standings(
            folder,
            self._standings,
            num_trainings=len(self._trainings),
            robust_at_most=self._robust_at_most,
        )
