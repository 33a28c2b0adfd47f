"""Steady-state plan: one more training whenever a worker is free, without generations."""

from collections import deque
from functools import cached_property
from typing import final

from evonas.evaluation.record import Evaluation
from evonas.study.plans.base import AbstractPlan
from evonas.study.plans.job import Job, num_repeated, training_id


@final
class SteadyPlan(AbstractPlan):
    """The search learns from every result at once, so requests depend on the finishing order.

    With several rungs, candidates wait on a rung until there are eta of them. Then the best one is
    promoted, and the search is told of the others.
    """

    @cached_property
    def _waiting(self) -> dict[int, list[str]]:
        """Candidates that wait for comparison, on each rung except the last."""
        return {epochs: [] for epochs in self.settings.training.rungs[:-1]}

    @cached_property
    def _promoted(self) -> deque[tuple[str, int]]:
        """Candidates to promote as soon as a worker is free, with their rung."""
        return deque()

    @property
    def generation(self) -> int:
        """The generation of the last finished training; a population counts as one."""
        return max(0, len(self.finished) - 1) // self.settings.search.population

    def _count_epochs(self) -> int:
        eta = self.settings.training.eta
        repeated = num_repeated(self._accepted)
        count = self.settings.search.num_trainings - repeated
        first = self.halving.epochs_of(count, share=lambda count: -(-count // eta))
        return first + repeated * self.halving.rungs[-1]

    def next_jobs(self) -> list[Job]:
        """One candidate: a promotion, else a new one, else the best of an incomplete group."""
        jobs = self._ask(1) if self._num_wanted and not self._promoted else []
        if jobs:
            return jobs
        if not self._promoted and not self._running:
            self._promote_rest()
        if self._promoted:
            key, epochs = self._promoted.popleft()
            return [self._job((key, 0), epochs)]
        if not self._running:
            self.num_generations = -(-len(self.finished) // self.settings.search.population)
        return []

    def _settle(self, evaluation: Evaluation) -> None:
        waiting = self._waiting.get(evaluation.epochs)
        if evaluation.replicate or waiting is None or evaluation.failure is not None:
            self._finish([training_id(evaluation)])
        else:
            waiting.append(evaluation.key)
            if len(waiting) == self.settings.training.eta:
                self._promote(evaluation.epochs)
        self.num_generations = len(self.finished) // self.settings.search.population

    def _promote(self, epochs: int) -> None:
        waiting, self._waiting[epochs] = self._waiting[epochs], []
        (best,) = self._best(waiting, count=1)
        above = self.halving.above(epochs)
        assert above is not None  # no candidate waits on the last rung
        self._promoted.append((best, above))
        self._finish([(key, 0) for key in waiting if key != best])

    def _promote_rest(self) -> None:
        """Fewer than eta are left on a rung, and no others will come."""
        for epochs, waiting in self._waiting.items():
            if waiting:
                self._promote(epochs)
                return
