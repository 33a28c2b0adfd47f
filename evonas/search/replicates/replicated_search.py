"""The ask-and-tell contract of searches that may train a genome again.

It is that of :class:`evonas.search.base.AbstractSearch`, with trials instead of genomes: a trial
is a genome and the number of its replicate. What is asked depends on the seed, the previous asks,
and which results arrived between them. Results wait until the next ask and are learned in the
order of asking, so one worker and two agree, and a study resumes by replaying its journal.
"""

import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence

from evonas.search.pareto import Vector
from evonas.search.problem import SearchProblem
from evonas.search.replicates.estimate import Estimate
from evonas.search.replicates.trial import Trial, TrialResult
from evonas.search.results import check_result, or_failures
from evonas.space import Genome


class AbstractReplicatedSearch(ABC):
    """Proposes trials, receives their results, and estimates which genomes are best.

    Subclasses implement :meth:`_propose`, :meth:`_learn` and :meth:`estimates`.

    Args:
        problem: search space.
        num_objectives: length of every vector.
    """

    def __init__(self, problem: SearchProblem, *, num_objectives: int) -> None:
        self.problem = problem
        self.num_objectives = num_objectives
        self._asked: dict[Trial, int] = {}
        self._replicates: dict[Genome, int] = {}
        self._told: dict[Trial, TrialResult] = {}
        self._waiting: list[TrialResult] = []

    @property
    def num_asked(self) -> int:
        """Number of trials asked for, replicates included."""
        return len(self._asked)

    @property
    def in_flight(self) -> tuple[Trial, ...]:
        """Trials asked for but not yet told, oldest first; a resumed study must finish them."""
        return tuple(trial for trial in self._asked if trial not in self._told)

    @property
    def results(self) -> list[TrialResult]:
        """Results of all trials that were told, in the order of asking."""
        return [self._told[trial] for trial in self._asked if trial in self._told]

    def ask(self, count: int, *, remaining: int | None = None) -> list[Trial]:
        """Propose new trainings, of new genomes or of known ones.

        Args:
            count: number of trials, at least 1.
            remaining: number of trials from now on, including these; None if unknown. A genome
                that comes too late to be trained often enough is of no use.

        Returns:
            ``count`` trials; fewer, or none, if the space has no new genome and no known one is
            worth another training.
        """
        if count < 1:
            raise ValueError(f"count: expected at least 1, got {count}")
        self.learn()
        trials = []
        remaining = sys.maxsize if remaining is None else remaining
        for genome in self._propose(count, remaining):
            trial = Trial(genome, self._replicates.get(genome, 0))
            self._replicates[genome] = trial.replicate + 1
            self._asked[trial] = len(self._asked)
            trials.append(trial)
        return trials

    def learn(self) -> None:
        """Learn the results told so far, without waiting for the next ask.

        For callers that inspect the engine between two asks.
        """
        if self._waiting:
            results = sorted(self._waiting, key=lambda result: result.position)
            self._waiting = []
            self._learn(results)

    def tell(
        self,
        trials: Sequence[Trial],
        vectors: Sequence[Vector | None],
        *,
        violations: Sequence[float] | None = None,
        whole: Sequence[bool] | None = None,
        learned: Sequence[float | None] | None = None,
    ) -> None:
        """Report results of trials that were asked for, in any order, in one call or several.

        Args:
            trials: trials returned by :meth:`ask`, each told once.
            vectors: objectives of each trial, to be minimised; ``None`` if the training failed or
                collapsed. One that violated a constraint may have them or ``None``: those that are
                given enter the mean of a genome that satisfies the constraints.
            violations: constraint violation of each trial, infinite for a failure or a collapse.
                Without this argument, every ``None`` is one of these.
            whole: whether each trial was trained and measured in full, see :class:`TrialResult`;
                by default all were.
            learned: level that each trial reached, see :class:`TrialResult`; unknown by default.

        Raises:
            ValueError: the caller broke the contract; nothing of this call is learned.
        """
        violations = or_failures(violations, vectors)
        whole = [True] * len(trials) if whole is None else whole
        learned = [None] * len(trials) if learned is None else learned
        if not len(trials) == len(vectors) == len(violations) == len(whole) == len(learned):
            raise ValueError(
                f"told {len(trials)} trials with {len(vectors)} vectors, {len(violations)} "
                f"violations, {len(whole)} whole flags and {len(learned)} levels learned"
            )
        told: dict[Trial, TrialResult] = {}
        for trial, vector, violation, is_whole, level in zip(
            trials, vectors, violations, whole, learned, strict=True
        ):
            if trial not in self._asked:
                raise ValueError(f"{trial} was told but never asked for")
            if trial in self._told or trial in told:
                raise ValueError(f"{trial} was told twice")
            check_result(
                trial, vector, violation,
                num_objectives=self.num_objectives, may_have_both=True,
            )  # fmt: skip
            position = self._asked[trial]
            told[trial] = TrialResult(position, trial, vector, violation, is_whole, level)
        self._told.update(told)
        self._waiting.extend(told.values())

    @abstractmethod
    def estimates(self, results: Sequence[TrialResult]) -> list[Estimate]:
        """Estimate the genomes of these results, in the order of first appearance.

        The estimates depend on the results alone, not on the state of the search.

        Args:
            results: in the order of asking; all of :attr:`results`, or a subset.
        """

    @abstractmethod
    def _propose(self, count: int, remaining: int) -> list[Genome]:
        """Return at most ``count`` genomes to train next; known ones are trained again.

        Args:
            count: as for :meth:`ask`.
            remaining: at least ``count``; ``sys.maxsize`` if unknown.
        """

    @abstractmethod
    def _learn(self, results: Sequence[TrialResult]) -> None:
        """Learn the results told since the last ask, sorted by the order of asking."""
