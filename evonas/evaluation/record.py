"""The record of an evaluation: the values of a candidate, or the reason why there are none."""

from dataclasses import dataclass, field

OUT_OF_MEMORY = "out of memory"
WORKER_LOST = "worker lost"
TIMED_OUT = "timeout"
OUTSIDE_CAUSES = (OUT_OF_MEMORY, WORKER_LOST, TIMED_OUT)
"""Kinds of failures that say nothing about the network: a retry may succeed."""


@dataclass(frozen=True)
class Evaluation:
    """One training of a candidate and what was measured on it.

    Attributes:
        key: key of the genome's canonical form.
        genome: readable text of the genome.
        values: value of each objective; objectives that could not be measured are missing.
        weights_by_rule: number of trainable weights under each rule.
        losses: training loss of each epoch.
        epochs: number of epochs trained; if it failed, the number planned.
        seconds: wall-clock duration.
        seed: seed of the initial weights and of the batches.
        failure: ``kind: reason`` if it failed, else None.
        violation: total violation of the constraints, 0 if all are met.
        bounds: for each expensive objective that could not bring the candidate onto the front: a
            value that it cannot be better than.
        left_out: why it cannot be on a front although it did not fail, else None.
        replicate: number of this training of the candidate, from 0; confirmations are numbered
            separately, from 1.
        test_values: value of each objective on the test part; empty except in confirmations.
        num_images: for each objective that is a share of images, the number of these images.
        image_errors: for each objective that is no such share, its standard error due to the
            finite number of images; names of values on the test part begin with ``test_``.
        repeat_errors: standard error of each objective that is measured by repeats.
        learned: validation accuracy rescaled so that 0 is chance (always answering the most
            frequent class) and 1 is perfect; None if it was not measured.
        uncaptured: why the steps on a GPU were not replays of a CUDA graph, else None; uncaptured
            steps give the same numbers, more slowly.
        batch: batch size used because memory ran out at the study's own, else None.
    """

    key: str
    genome: str
    values: dict[str, float]
    weights_by_rule: dict[str, int]
    losses: tuple[float, ...]
    epochs: int
    seconds: float
    seed: int
    failure: str | None = None
    violation: float = 0.0
    bounds: dict[str, float] = field(default_factory=dict)
    left_out: str | None = None
    uncaptured: str | None = None
    replicate: int = 0
    test_values: dict[str, float] = field(default_factory=dict)
    num_images: dict[str, int] = field(default_factory=dict)
    learned: float | None = None
    image_errors: dict[str, float] = field(default_factory=dict)
    repeat_errors: dict[str, float] = field(default_factory=dict)
    batch: int | None = None

    @property
    def contends(self) -> bool:
        """Whether it can be on a front: fully trained and measured, within all constraints."""
        return self.failure is None and self.left_out is None

    @property
    def failure_kind(self) -> str | None:
        """Kind of the failure, such as ``diverged``; None if it did not fail."""
        return None if self.failure is None else self.failure.partition(": ")[0]

    @property
    def ran_out_of_memory(self) -> bool:
        """Whether it failed because an allocation failed."""
        return self.failure_kind == OUT_OF_MEMORY

    @property
    def is_lost_from_outside(self) -> bool:
        """Whether it failed for a cause outside the network: memory, time, a dead worker."""
        return self.failure_kind in OUTSIDE_CAUSES
