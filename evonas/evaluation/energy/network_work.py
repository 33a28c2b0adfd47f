"""Count the work of a network for classifying one image and for one training step.

Assumptions: every number has 32 bits; each part reads its inputs from memory once and writes its
outputs once, with nothing fused and nothing cached between parts; the loss, address arithmetic,
control and leakage are not counted. The estimate serves to compare networks and describes no real
machine.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import final

from torch import nn

from evonas.evaluation.energy import part_work, rule_work
from evonas.evaluation.energy.sgd import sgd_update
from evonas.evaluation.energy.trace import Trace, trace
from evonas.evaluation.energy.work import NOTHING, Work


@final
@dataclass(frozen=True)
class TrainingWork:
    """Work of one training step of a whole batch.

    Attributes:
        forward: work of the forward pass, with batch statistics.
        parts_backward: work of the backward pass through parts without weights.
        sent: work of the signals that layers send to their inputs, including the feedback weights.
        updates: work of the weight updates that replace the gradients.
        optimiser: work of changing all parameters.
    """

    forward: Work
    parts_backward: Work
    sent: Work
    updates: Work
    optimiser: Work

    @property
    def total(self) -> Work:
        """Total work of the step."""
        return self.forward + self.parts_backward + self.sent + self.updates + self.optimiser


def inference_work(network: nn.Module, *, input_shape: tuple[int, int, int]) -> Work:
    """Work of classifying one image at batch size 1, in evaluation mode.

    Args:
        network: network with rule layers.
        input_shape: channels, height and width of the image.
    """
    run = trace(network, input_shape=input_shape)
    return _forward(run, batch=1, is_training=False)


def training_work(
    network: nn.Module, *, input_shape: tuple[int, int, int], batch: int
) -> TrainingWork:
    """Work of one training step, according to the rule of each layer.

    Args:
        network: network with rule layers.
        input_shape: channels, height and width of an image.
        batch: number of images in the step.
    """
    run = trace(network, input_shape=input_shape)
    again = [
        part_work.forward(part, batch=batch, is_training=True) * (part.sweeps + 1)
        + part_work.backward(part, batch=batch) * part.sweeps
        for part in run.parts
        if part.sweeps
    ]
    return TrainingWork(
        forward=_forward(run, batch=batch, is_training=True),
        parts_backward=_sum(part_work.backward(part, batch=batch) for part in run.parts),
        sent=_sum(rule_work.send(layer, batch=batch) for layer in run.layers),
        updates=_sum([*(rule_work.update(layer, batch=batch) for layer in run.layers), *again]),
        optimiser=sgd_update(run.parameters),
    )


def _forward(run: Trace, *, batch: int, is_training: bool) -> Work:
    parts = (part_work.forward(p, batch=batch, is_training=is_training) for p in run.parts)
    return _sum([*(rule_work.forward(layer, batch=batch) for layer in run.layers), *parts])


def _sum(works: Iterable[Work]) -> Work:
    return reduce(add, works, NOTHING)
