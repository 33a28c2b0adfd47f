"""Work of a network: of one image that is classified, and of one training step.

Assumptions: every number has 32 bits; what a part reads and writes goes through memory once, with
nothing fused and nothing kept between parts; the loss, address arithmetic, control and leakage are
not counted. It is an estimate to compare networks by, of no real machine.
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
    """Work of one training step, of a whole batch.

    Attributes:
        forward: pass, with batch statistics.
        parts_backward: through all that has no weights.
        sent: signals to the inputs of layers, their feedback included.
        updates: in the place of the weights' gradients, and what they need.
        optimiser: the change of all parameters.
    """

    forward: Work
    parts_backward: Work
    sent: Work
    updates: Work
    optimiser: Work

    @property
    def total(self) -> Work:
        """All of it."""
        return self.forward + self.parts_backward + self.sent + self.updates + self.optimiser


def inference_work(network: nn.Module, *, input_shape: tuple[int, int, int]) -> Work:
    """Of one image by itself, in evaluation mode: all weights are read for it.

    Args:
        network: with rule layers.
        input_shape: channels, height, width.
    """
    run = trace(network, input_shape=input_shape)
    return _forward(run, batch=1, is_training=False)


def training_work(
    network: nn.Module, *, input_shape: tuple[int, int, int], batch: int
) -> TrainingWork:
    """Of one step of ``batch`` images, by the rule of each layer.

    Args:
        network: with rule layers.
        input_shape: channels, height, width.
        batch: images.
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
