"""The ask-and-tell contract of searches that may train a genome again.

It is that of :class:`evonas.search.base.AbstractSearch` with a trial, a genome and the number of
its replicate, instead of a genome. Asks depend only on the seed, the previous asks and the results
between them: results wait until the next ask and are learned in the order of asking. So one worker
and two give the same search, and a study can resume by replaying its journal.
"""

import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence

from evonas.search.base import check_result, or_failures
from evonas.search.pareto import Vector
from evonas.search.problem import SearchProblem
from evonas.search.replicates.estimate import Estimate
from evonas.search.replicates.trial import Trial, TrialResult
from evonas.space import Genome


class AbstractReplicatedSearch(ABC):
    """The base class: proposes trials, learns from their results, and estimates genomes.

    Subclasses implement :meth:`_propose`, :meth:`_learn` and :meth:`estimates`.

    Args:
        problem: the space.
        num_objectives: the length of every vector.
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
        """Number of trials asked: trainings, replicates included."""
        return len(self._asked)

    @property
    def in_flight(self) -> tuple[Trial, ...]:
        """Trials asked but not yet told, oldest first."""
        return tuple(trial for trial in self._asked if trial not in self._told)

    @property
    def results(self) -> list[TrialResult]:
        """The results of all trials told, in the order of asking."""
        return [self._told[trial] for trial in self._asked if trial in self._told]

    def ask(self, count: int, *, remaining: int | None = None) -> list[Trial]:
        """Propose new trials: new genomes, or replicates of known ones.

        Args:
            count: how many, at least 1.
            remaining: how many there will be from now on, these included; None if unknown. A
                genome that comes too late to be trained often enough is of no use.

        Returns:
            ``count`` trials; fewer, or none, when the space holds no new genome and no known one
            is worth another training.
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
        """Take in what was told, as the next ask does: for who looks at the engine before it."""
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
        """Tell the results of trials, in any order, in one or several calls.

        Args:
            trials: trials from :meth:`ask`, each told once.
            vectors: for each its objectives, to be minimised, or ``None`` when the training
                failed or collapsed, or broke a constraint.
            violations: for each how far it is outside the constraints, infinite for a failure or
                a collapse; when left out, every ``None`` is one of these.
            whole: for each whether it was trained and measured in full, see
                :class:`TrialResult`; when left out, all were.
            learned: for each how far it came, see :class:`TrialResult`; unknown when left out.

        Raises:
            ValueError: the caller broke the contract; nothing of this call is learned.
        """
        violations = or_failures(violations, vectors)
        whole = [True] * len(trials) if whole is None else whole
        learned = [None] * len(trials) if learned is None else learned
        if not len(trials) == len(vectors) == len(violations) == len(whole) == len(learned):
            raise ValueError(
                f"told {len(trials)} trials with {len(vectors)} vectors, {len(violations)} "
                f"violations, {len(whole)} times whether whole and {len(learned)} levels learned"
            )
        told: dict[Trial, TrialResult] = {}
        for trial, vector, violation, is_whole, level in zip(
            trials, vectors, violations, whole, learned, strict=True
        ):
            if trial not in self._asked:
                raise ValueError(f"{trial} was told but never asked for")
            if trial in self._told or trial in told:
                raise ValueError(f"{trial} was told twice")
            check_result(trial, vector, violation, num_objectives=self.num_objectives)
            position = self._asked[trial]
            told[trial] = TrialResult(position, trial, vector, violation, is_whole, level)
        self._told.update(told)
        self._waiting.extend(told.values())

    @abstractmethod
    def estimates(self, results: Sequence[TrialResult]) -> list[Estimate]:
        """What these results say of their genomes, in the order in which these first came.

        It depends on nothing but the results: not on what the search did besides.

        Args:
            results: in the order of asking; all of :attr:`results`, or a part of them.
        """

    @abstractmethod
    def _propose(self, count: int, remaining: int) -> list[Genome]:
        """At most ``count`` genomes to be trained next; known ones are trained again.

        Args:
            count: as for :meth:`ask`.
            remaining: at least ``count``, or a number without end.
        """

    @abstractmethod
    def _learn(self, results: Sequence[TrialResult]) -> None:
        """Take in what was told since the last ask, sorted by the order of asking."""
