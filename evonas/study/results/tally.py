"""The trainings of a study by candidate, and how many there are, counted as they come."""

from typing import final

from evonas.evaluation.record import Evaluation


@final
class Tally:
    """The last result of every training.

    Attributes:
        done: trainings with a result, without those that were refused.
        epochs: epochs of all of them.
        failures: failures of these.
    """

    def __init__(self) -> None:
        self._by_key: dict[str, dict[int, Evaluation]] = {}
        self.done = 0
        self.epochs = 0
        self.failures = 0

    def add(self, evaluation: Evaluation) -> None:
        """Count a result; a training that went on has its last one counted."""
        mine = self._by_key.setdefault(evaluation.key, {})
        before = mine.get(evaluation.replicate)
        if before is not None:
            self._count(before, -1)
        mine[evaluation.replicate] = evaluation
        self._count(evaluation, 1)

    def of(self, key: str) -> list[Evaluation]:
        """The trainings of one candidate that have a result, by replicate."""
        return [result for _, result in sorted(self._by_key.get(key, {}).items())]

    def _count(self, evaluation: Evaluation, sign: int) -> None:
        self.done += sign * (evaluation.epochs > 0)
        self.epochs += sign * evaluation.epochs
        self.failures += sign * (evaluation.failure is not None)
