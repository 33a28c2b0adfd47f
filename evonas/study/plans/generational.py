"""Generational plan: a whole generation is told before the next is asked for."""

from collections.abc import Sequence
from typing import final

from evonas.evaluation.record import Evaluation
from evonas.study.plans.base import AbstractPlan
from evonas.study.plans.job import Job, TrainingId, num_repeated


@final
class GenerationalPlan(AbstractPlan):
    """Results do not depend on the order in which the candidates of a generation end.

    With several rungs, a generation is a bracket of successive halving: when all of it has reached
    a rung, the best share is promoted; the search is told when no candidate is left to
    promote.
    """

    @property
    def generation(self) -> int:
        """The generation being evaluated, from 0."""
        return self.num_generations

    def _count_epochs(self) -> int:
        population = self.settings.search.population
        whole, rest = divmod(self.settings.search.num_trainings, population)
        total = 0
        for number, size in enumerate([population] * whole + [rest]):
            begin = number * population
            repeated = num_repeated(self._accepted[begin : begin + size])
            total += self.halving.epochs_of(size - repeated, share=self.halving.share)
            total += repeated * self.halving.rungs[-1]
        return total

    def next_jobs(self) -> list[Job]:
        """A generation, or its candidates promoted to the next rung."""
        if self._running:
            return []
        members = self._accepted[len(self.finished) :]
        if members:
            promoted = self._promoted(members)
            if promoted:
                return promoted
            self._finish(members)
            self.num_generations += 1
        return self._ask(min(self.settings.search.population, self._num_wanted))

    def _promoted(self, members: Sequence[TrainingId]) -> list[Job]:
        """Jobs for the candidates promoted to the next rung."""
        first = [each for each in members if each[1] == 0]
        rung = max((self._results[each].epochs for each in first), default=0)
        above = self.halving.above(rung)
        alive = [
            key
            for key, number in first
            if self._results[key, number].epochs == rung
            and self._results[key, number].failure is None
        ]
        if not alive or above is None:
            return []
        best = self._best(alive, count=self.halving.share(len(alive)))
        return [self._job((key, 0), above) for key in best]

    def _settle(self, evaluation: Evaluation) -> None:
        """Nothing follows before the whole rung is complete."""
