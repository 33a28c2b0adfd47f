"""Forecast the peak memory of a training step from the allocations of steps on a few images.

Torch reports every allocation. Steps on 4 and on 8 images make the same allocations in the same
order, and the size of each is a constant plus a number of bytes per image. The memory held after
each allocation can therefore be extrapolated to any batch, and the largest value is the peak.
"""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

import torch
from torch._C._profiler import ProfilerState, _ExperimentalConfig

from evonas.evaluation.data.images import Traits
from evonas.evaluation.forecasting.random_images import random_images
from evonas.evaluation.one_thread import one_thread
from evonas.evaluation.training.augment import plan_epoch, training_images
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.training_step import training_step
from evonas.evaluation.variants.base import AbstractVariant
from evonas.settings.machine import Precision

_AUTOGRAD: Any = torch.autograd  # torch's type stubs lack its profiler

SMALL_BATCHES = ((4, 8), (8, 16))
"""Pairs of batch sizes to try in turn; small matrices may be multiplied by other algorithms."""
NUM_STEPS = 2
"""Number of steps; rules allocate their permanent tensors during the first."""


@dataclass(frozen=True)
class StepMemory:
    """Memory that torch allocates for a training step on a CPU.

    Attributes:
        peak_bytes: largest number of bytes held at any time (network, optimiser, activations and
            all else), without the data set and the baseline of Python and torch.
        kept_bytes: number of these bytes that are held between steps.
        is_measured: whether a step of the whole batch was run, because steps on fewer images
            could not be used.
    """

    peak_bytes: int
    kept_bytes: int
    is_measured: bool = False


def forecast_step_memory(
    own: AbstractVariant, *, traits: Traits, recipe: Recipe, precision: Precision
) -> StepMemory:
    """Forecast the memory of a step on a whole mini-batch from steps on fewer images.

    Args:
        own: candidate to train.
        traits: traits of the images.
        recipe: training recipe.
        precision: precision of the forward and the backward pass.

    Raises:
        SpaceError: the network does not fit the images.
    """

    def allocations(batch: int) -> Sequence[int]:
        return step_allocations(
            own, traits=traits, recipe=replace(recipe, batch=batch), precision=precision
        )

    batch = recipe.batch
    for few, more in SMALL_BATCHES:
        if more >= batch:
            break
        first, second = allocations(few), allocations(more)
        if len(first) == len(second):
            scale, rest = divmod(batch - few, more - few)
            held = [
                a + scale * (b - a) + rest * (b - a) // (more - few)
                for a, b in zip(accumulate(first), accumulate(second), strict=True)
            ]
            return StepMemory(max(held), held[-1])
    measured = list(accumulate(allocations(batch)))
    return StepMemory(max(measured), measured[-1], is_measured=True)


def step_allocations(
    own: AbstractVariant, *, traits: Traits, recipe: Recipe, precision: Precision
) -> Sequence[int]:
    """Record the bytes of every allocation, in order; negative if memory is freed.

    The record covers the building of the network and two training steps.

    Args:
        own: candidate to train.
        traits: traits of the images.
        recipe: training recipe.
        precision: precision of the forward and the backward pass.
    """
    generator = torch.Generator().manual_seed(0)
    batch = recipe.batch
    images = training_images(random_images(traits, count=NUM_STEPS * batch), traits=traits)
    plan = plan_epoch(images, batch=batch, generator=generator)
    with one_thread(), _without_garbage():
        # as in torch.autograd.profiler_legacy; the newer profiler prints to standard error
        _AUTOGRAD._enable_profiler_legacy(
            _AUTOGRAD.ProfilerConfig(
                ProfilerState.CPU, False, True, False, False, False, _ExperimentalConfig()
            )
        )
        try:
            step = training_step(
                own.network(traits, seed=0), images, recipe=recipe, precision=precision
            )
            step.begin_epoch(plan)
            for _ in range(NUM_STEPS):
                step()
        finally:
            records = _AUTOGRAD._disable_profiler_legacy()
    events = max(records, key=len)  # one list per thread, and only one thread computes
    return [event.cpu_memory_usage() for event in events if str(event.kind()) == "memory_alloc"]


@contextmanager
def _without_garbage() -> Iterator[None]:
    """Suspend garbage collection in this block, so that no older object is freed."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
