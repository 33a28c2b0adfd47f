"""What became of a candidate: values, or the reason why there are none."""

from dataclasses import dataclass, field

OUT_OF_MEMORY = "out of memory"
WORKER_LOST = "worker lost"
TIMED_OUT = "timeout"
OUTSIDE_CAUSES = (OUT_OF_MEMORY, WORKER_LOST, TIMED_OUT)
"""Kinds of failures that say nothing of the network: elsewhere, or later, it may be trained."""


@dataclass(frozen=True)
class Evaluation:
    """One evaluated candidate.

    Attributes:
        key: key of its canonical form.
        genome: its readable text.
        values: by objective; empty of what a failed candidate could not measure.
        weights_by_rule: trainable weights that each rule trains.
        losses: training loss of each epoch.
        epochs: it was trained for.
        seconds: seconds of wall clock.
        seed: seed of its weights and batches.
        failure: ``kind: reason`` when it failed, else None.
        violation: how far it is outside the constraints, 0 if it keeps to them.
        bounds: by expensive objective that was found to make no difference to the front: a value
            that it cannot better.
        left_out: why it is on no front though it did not fail, else None.
        replicate: which training of the candidate this is, from 0; confirmations are numbered by
            themselves, from 1.
        test_values: by objective, on the test part; empty but in a confirmation.
        num_images: by objective, of the images that its value is a share of.
        image_errors: by objective, the standard error from a finite number of images, of a value
            that is no share of them; those on the test part begin with ``test_``.
        repeat_errors: by objective, the standard error of a value that is measured by repeats.
        learned: how far the training came from chance, 0, to right about everything, 1; None
            where it did not come to be measured.
        uncaptured: why its steps on a GPU were not replays of a CUDA graph, else None; they give
            the same numbers, more slowly.
        batch: batch size used because memory ran out at the study's; otherwise None.
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
        """What kind of failure it is, such as ``diverged``; None if it did not fail."""
        return None if self.failure is None else self.failure.partition(": ")[0]

    @property
    def ran_out_of_memory(self) -> bool:
        """Whether it failed because an allocation did."""
        return self.failure_kind == OUT_OF_MEMORY

    @property
    def is_lost_from_outside(self) -> bool:
        """Whether it failed for a cause outside the network: memory, time, a dead worker."""
        return self.failure_kind in OUTSIDE_CAUSES
