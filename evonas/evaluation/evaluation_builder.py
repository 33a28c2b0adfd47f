"""Build the record of an evaluation: measure objectives, and gate those that cannot matter."""

from typing import final

from evonas.evaluation.constraints import broken, total_violation
from evonas.evaluation.dominance import dominates
from evonas.evaluation.objectives import OBJECTIVES, Cost, MeasuredValue, Objective, Subject
from evonas.evaluation.protocol import Protocol
from evonas.evaluation.record import Evaluation
from evonas.evaluation.share_error import share_error

CHANCE_ERRORS = 3.0  # a training up to this many standard errors above chance learned nothing


@final
class EvaluationBuilder:
    """Collects the results of one evaluation and turns them into a record.

    Args:
        protocol: protocol of the study.
        key: key of the record.
        genome: text of the genome.
        seed: seed of the training.
        replicate: number of this training of the candidate, from 0.
        batch: batch size that replaces the study's; None for the study's.
        until: number of epochs to train for; 0 for a candidate that is only screened.

    Attributes:
        seed: seed of the training.
        until: number of epochs to train for.
        weights_by_rule: see :class:`Evaluation`.
        losses: see :class:`Evaluation`.
        failure: see :class:`Evaluation`.
        bounds: see :class:`Evaluation`.
        uncaptured: see :class:`Evaluation`.
    """

    def __init__(
        self,
        protocol: Protocol,
        key: str,
        genome: str,
        *,
        seed: int,
        replicate: int = 0,
        batch: int | None = None,
        until: int = 0,
    ) -> None:
        self._protocol = protocol
        self._key = key
        self._genome = genome
        self._values: dict[str, float] = {}
        self._replicate = replicate
        self._batch = batch
        self._test_values: dict[str, float] = {}
        self._num_images: dict[str, int] = {}
        self._image_errors: dict[str, float] = {}
        self._repeat_errors: dict[str, float] = {}
        self._learned: float | None = None
        self.seed = seed
        self.until = until
        self.weights_by_rule: dict[str, int] = {}
        self.losses: tuple[float, ...] = ()
        self.failure: str | None = None
        self.bounds: dict[str, float] = {}
        self.uncaptured: str | None = None

    def measure(self, cost: Cost, subject: Subject) -> None:
        """Measure all objectives of this cost and add their values."""
        for objective in self._protocol.measured():
            if objective.cost == cost:
                name, found = objective.name, objective.value_of(subject)
                self._values[name] = found.value
                self._note_error(name, objective, found, subject)

    def measure_learned(self, subject: Subject) -> None:
        """Rescale the validation accuracy so that 0 is chance and 1 is perfect, and keep it.

        Chance is the accuracy of always answering the most frequent class, to which collapsed
        trainings fall: where classes differ in size, it is far above 1 / classes.
        """
        share = self._values.get("acc")
        if share is None:
            share = OBJECTIVES["acc"].value_of(subject).value
        labels = subject.validation.labels
        chance = int(labels.bincount().max()) / len(labels)
        error = share_error(chance, len(subject.validation))
        is_at_chance = share <= chance + CHANCE_ERRORS * error
        self._learned = 0.0 if is_at_chance else (share - chance) / (1.0 - chance)

    def measure_test(self, test: Subject) -> None:
        """Measure the objectives that see images on the test part and add their values.

        Args:
            test: subject whose validation part is the test part.
        """
        for objective in self._protocol.measured():
            if objective.is_tested:
                name, found = objective.name, objective.value_of(test)
                self._test_values[name] = found.value
                self._note_error(f"test_{name}", objective, found, test)

    @property
    def violation(self) -> float:
        """Total violation of the constraints whose objective has been measured."""
        return total_violation(self._values, self._protocol.constraints)

    @property
    def contends(self) -> bool:
        """See :class:`Evaluation`."""
        return self.failure is None and self._left_out() is None

    def is_gated(self, subject: Subject, rivals: tuple[tuple[float, ...], ...]) -> bool:
        """Whether to skip the objectives that have not been measured yet.

        They are skipped if a rival dominates the candidate even with each missing value at its
        bound: the rival then dominates the true values too. The bounds are kept.
        """
        if not (self._protocol.training.gate != "off" and rivals and self._is_complete()):
            return False
        objectives = [OBJECTIVES[name] for name in self._protocol.objectives]
        missing = [o for o in objectives if o.name not in self._values]
        if not missing:
            return False
        bounds = {}
        for objective in missing:
            if objective.bound is None:
                return False
            bounds[objective.name] = objective.bound(subject)
        hoped = {**self._values, **bounds}
        best = tuple(objective.minimised(hoped[objective.name]) for objective in objectives)
        if not any(dominates(rival, best) for rival in rivals):
            return False
        self.bounds = bounds
        return self._protocol.training.gate == "skip"

    def evaluation(self, *, seconds: float) -> Evaluation:
        """The record of everything collected so far."""
        return Evaluation(
            key=self._key,
            genome=self._genome,
            values=self._values,
            weights_by_rule=self.weights_by_rule,
            losses=self.losses,
            epochs=self.until if self.failure is not None else len(self.losses),
            seconds=seconds,
            seed=self.seed,
            failure=self.failure,
            violation=0.0 if self.failure is not None else self.violation,
            bounds=self.bounds,
            left_out=None if self.failure is not None else self._left_out(),
            uncaptured=self.uncaptured,
            replicate=self._replicate,
            test_values=self._test_values,
            num_images=self._num_images,
            learned=self._learned,
            image_errors=self._image_errors,
            repeat_errors=self._repeat_errors,
            batch=self._batch,
        )

    def _note_error(
        self, name: str, objective: Objective, found: MeasuredValue, subject: Subject
    ) -> None:
        """Keep what is needed to compute the standard error of a value."""
        if objective.error == "images":
            seen = subject.attacked if objective.cost == "attack" else subject.validation
            self._num_images[name] = len(seen)
        elif objective.error != "none" and found.standard_error is not None:
            errors = self._image_errors if objective.error == "own" else self._repeat_errors
            errors[name] = found.standard_error

    def _is_complete(self) -> bool:
        return len(self.losses) == self._protocol.recipe.epochs

    def _left_out(self) -> str | None:
        reasons = []
        if self.violation:
            reasons.append(f"outside {broken(self._values, self._protocol.constraints)}")
        if self.losses and not self._is_complete():
            of = self._protocol.recipe.epochs
            reasons.append(f"stopped after {len(self.losses)} of {of} epochs")
        if self.bounds:
            best = ", ".join(f"{name} {value:.4f}" for name, value in self.bounds.items())
            reasons.append(f"dominated even with {best}")
        return "; ".join(reasons) or None
