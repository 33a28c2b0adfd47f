"""A training stopped between two epochs, as bytes, and how to resume it."""

import io
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import torch

from evonas.errors import StorageError
from evonas.evaluation.adversarial_training.overfitting import (
    AttackedAccuracy,
    OverfittingMonitor,
)
from evonas.evaluation.training.training_step import TrainingStep


def make_checkpoint(
    step: TrainingStep,
    generator: torch.Generator,
    losses: Sequence[float],
    monitor: OverfittingMonitor | None = None,
) -> bytes:
    """All that a training knows between two epochs.

    Weights, statistics of batch normalisation, momentum, the wiring's step and decay, the state of
    the generator that orders and augments the images, and the losses so far, and
    what a check for overfitting has seen. What follows from the seed, such as feedback and the
    random starts of adversarial examples, is not in it.
    """
    buffer = io.BytesIO()
    torch.save(
        {
            "network": step.network.state_dict(),
            "momenta": step.descent.momenta,
            "wiring": step.network.wiring.state(),
            "generator": generator.get_state(),
            "losses": list(losses),
            "attacked": [] if monitor is None else [asdict(each) for each in monitor.history],
        },
        buffer,
    )
    return buffer.getvalue()


def restore_checkpoint(
    checkpoint: bytes,
    step: TrainingStep,
    generator: torch.Generator,
    monitor: OverfittingMonitor | None = None,
) -> tuple[float, ...]:
    """Put a training back where :func:`make_checkpoint` saw it.

    Args:
        checkpoint: what that function gave.
        step: newly made, of a network newly built from the same genome and seed.
        generator: the generator that plans the epochs.
        monitor: newly made; None where nothing is checked.

    Returns:
        The loss of every epoch so far.

    Raises:
        StorageError: these are not the bytes of a checkpoint, or are of another network.
    """
    try:
        state: dict[str, Any] = torch.load(
            io.BytesIO(checkpoint), map_location="cpu", weights_only=True
        )
        step.network.load_state_dict(state["network"])
        with torch.no_grad():
            for mine, theirs in zip(step.descent.momenta, state["momenta"], strict=True):
                mine.copy_(theirs)
        step.network.wiring.restore(state["wiring"])
        step.epoch.fill_(len(state["losses"]) - 1)
        generator.set_state(state["generator"])
        if monitor is not None:
            monitor.history = [AttackedAccuracy(**each) for each in state["attacked"]]
        return tuple(state["losses"])
    # torch names a damaged file in many ways
    except Exception as problem:
        raise StorageError(
            "a checkpoint is damaged, or of another network; delete the run's folder "
            f"'checkpoints' to train its candidates from the start: {problem}"
        ) from problem
