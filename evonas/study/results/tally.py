"""A running tally of a study's trainings, by candidate."""

from typing import final

from evonas.evaluation.record import Evaluation


@final
class Tally:
    """The last result of every training.

    Attributes:
        done: finished trainings, without refused ones.
        epochs: epochs of all of them.
        failures: number of failures among them.
    """

    def __init__(self) -> None:
        self._by_key: dict[str, dict[int, Evaluation]] = {}
        self.done = 0
        self.epochs = 0
        self.failures = 0

    def add(self, evaluation: Evaluation) -> None:
        """Count a result; a promoted training counts with its last one."""
        mine = self._by_key.setdefault(evaluation.key, {})
        before = mine.get(evaluation.replicate)
        if before is not None:
            self._count(before, -1)
        mine[evaluation.replicate] = evaluation
        self._count(evaluation, 1)

    def of(self, key: str) -> list[Evaluation]:
        """The finished trainings of one candidate, by replicate."""
        return [result for _, result in sorted(self._by_key.get(key, {}).items())]

    def _count(self, evaluation: Evaluation, sign: int) -> None:
        self.done += sign * (evaluation.epochs > 0)
        self.epochs += sign * evaluation.epochs
        self.failures += sign * (evaluation.failure is not None)
