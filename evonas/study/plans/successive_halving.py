"""Successive halving with several objectives: which candidates of a rung are promoted.

Jamieson and Talwalkar 2016, with the order of NSGA-II instead of a single loss, as in MO-ASHA
(Schmucker et al. 2021).
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

from evonas.evaluation.record import Evaluation
from evonas.search.ranking import by_rank_and_crowding
from evonas.study.results.vectors import told


class SuccessiveHalving:
    """The rungs, and every result on each.

    Args:
        rungs: epochs after which candidates are compared, increasing; the last is full training.
        objectives: names of the objectives to compare.
        eta: reduction factor: one in so many candidates of a rung is promoted.
    """

    def __init__(self, rungs: Sequence[int], objectives: Sequence[str], *, eta: int) -> None:
        self.rungs = tuple(rungs)
        self._objectives = tuple(objectives)
        self._eta = eta
        self._results: dict[str, dict[int, Evaluation]] = {}

    def add(self, evaluation: Evaluation) -> None:
        """Record a result on its rung; a failed candidate is on none."""
        if evaluation.failure is None:
            self._results.setdefault(evaluation.key, {})[evaluation.epochs] = evaluation

    def above(self, epochs: int) -> int | None:
        """The next rung, None above the last."""
        return next((rung for rung in self.rungs if rung > epochs), None)

    def share(self, count: int) -> int:
        """How many of ``count`` candidates are promoted: one in eta, but at least one."""
        return max(1, count // self._eta) if count else 0

    def epochs_of(self, count: int, *, share: Callable[[int], int]) -> int:
        """Training epochs if ``count`` candidates start and ``share`` gives the promoted ones."""
        total = 0
        for below, rung in pairwise((0, *self.rungs)):
            total += count * (rung - below)
            count = share(count)
        return total

    def best(self, keys: Sequence[str], *, count: int, asked: Sequence[str]) -> list[str]:
        """The best of some candidates on the same rung.

        They are ranked among all candidates that ever reached this rung: feasible ones by front
        and crowding, then infeasible ones by their violation.

        Args:
            keys: the candidates.
            count: how many to return.
            asked: keys of all candidates in the order of requests, which breaks ties.

        Returns:
            Their keys, best first.
        """
        (epochs,) = {max(self._results[key]) for key in keys}
        results = [
            self._results[key][epochs] for key in asked if epochs in self._results.get(key, ())
        ]
        inside, vectors, outside = [], [], []
        for result in results:
            values, violation = told(result, self._objectives)
            if violation or values is None:
                outside.append((violation, result.key))
            else:
                inside.append(result.key)
                vectors.append(values)
        order = [inside[i] for i in by_rank_and_crowding(vectors)]
        order += [key for _, key in sorted(outside, key=lambda pair: pair[0])]
        return [key for key in order if key in keys][:count]
