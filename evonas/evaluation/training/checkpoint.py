"""Save a training between two epochs as bytes, and restore it."""

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
    """Serialise the state of a training between two epochs.

    It holds the weights, the statistics of batch normalisation, the momenta, the wiring's step
    and decay, the state of the generator that orders and augments the images, the losses so far,
    and the history of the overfitting check. Whatever follows from the seed, such as feedback
    weights and the random starts of adversarial examples, is left out.
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
    """Restore the state that :func:`make_checkpoint` saved.

    Args:
        checkpoint: result of :func:`make_checkpoint`.
        step: new training step for a network newly built from the same genome and seed.
        generator: random generator that plans the epochs.
        monitor: new monitor; None if overfitting is not checked.

    Returns:
        The loss of every epoch so far.

    Raises:
        StorageError: the bytes are no checkpoint, or belong to another network.
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
    # torch raises many different classes for a damaged file
    except Exception as problem:
        raise StorageError(
            "a checkpoint is damaged, or belongs to another network; delete the run's folder "
            f"'checkpoints' to train its candidates from the start: {problem}"
        ) from problem
