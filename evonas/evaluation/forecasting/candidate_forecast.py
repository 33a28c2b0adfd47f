"""Forecast the memory, time and latency of one candidate of a run without training it."""

import statistics
from dataclasses import dataclass

import torch

from evonas.evaluation.data.images import Images, SearchData
from evonas.evaluation.forecasting.step_memory import forecast_step_memory
from evonas.evaluation.forecasting.step_time import (
    Clock,
    objective_seconds,
    seconds_of_calls,
    step_seconds,
)
from evonas.evaluation.objectives import Subject
from evonas.evaluation.one_thread import one_thread
from evonas.evaluation.protocol import Protocol
from evonas.evaluation.variants.base import AbstractVariant
from evonas.networks import count_multiply_adds, count_parameters


@dataclass(frozen=True)
class CandidateForecast:
    """Resources that a candidate will need on a CPU, with one thread and a core to itself.

    Attributes:
        text: text of the genome.
        parameters: number of trainable parameters.
        multiply_adds: multiply-adds of the forward pass of one image.
        peak_bytes: peak memory of a training step: network, optimiser and activations, without the
            images and the baseline of Python and torch.
        step_seconds: duration of the training step of one mini-batch.
        training_seconds: duration of all epochs.
        objective_seconds: duration of measuring all objectives, including the expensive ones.
        latency_milliseconds: duration of the forward pass of one image.
    """

    text: str
    parameters: int
    multiply_adds: int
    peak_bytes: int
    step_seconds: float
    training_seconds: float
    objective_seconds: float
    latency_milliseconds: float

    @property
    def seconds(self) -> float:
        """Duration of the whole evaluation."""
        return self.training_seconds + self.objective_seconds


def forecast_candidate(
    own: AbstractVariant,
    *,
    protocol: Protocol,
    data: SearchData,
    attacked: Images,
    attack_seed: int,
    clock: Clock,
) -> CandidateForecast:
    """Forecast what training and measuring a candidate needs on the CPU of this machine.

    Args:
        own: candidate.
        protocol: protocol of the run.
        data: images of the run.
        attacked: images of the validation part that are attacked.
        attack_seed: seed of the run's attacks.
        clock: clock, in seconds.

    Raises:
        SpaceError: the network does not fit the images.
    """
    traits, recipe = data.traits, protocol.recipe
    precision = protocol.machine.precision
    memory = forecast_step_memory(own, traits=traits, recipe=recipe, precision=precision)
    step = step_seconds(own, traits=traits, recipe=recipe, precision=precision, clock=clock)
    network = own.network(traits, seed=0).eval()
    subject = Subject(
        network, data.validation, attacked, protocol.epsilon, attack_seed, traits.shape,
        recipe.batch,
    )  # fmt: skip
    pixels = torch.zeros(1, *traits.shape)
    with one_thread(), torch.inference_mode():
        latency = statistics.median(seconds_of_calls(lambda: network(pixels), clock=clock))
    return CandidateForecast(
        text=own.text,
        parameters=count_parameters(network),
        multiply_adds=count_multiply_adds(network, input_shape=traits.shape),
        peak_bytes=memory.peak_bytes,
        step_seconds=step,
        training_seconds=step * (len(data.train) // recipe.batch) * recipe.epochs,
        objective_seconds=sum(
            objective_seconds(each, subject, clock=clock) for each in protocol.measured()
        ),
        latency_milliseconds=1e3 * latency,
    )
