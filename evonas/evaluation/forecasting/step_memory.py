"""Peak memory of a training step, extrapolated from steps on a few images.

Torch reports every allocation. A step on 4 images and one on 8 make the same allocations in the
same order, and each is a number of bytes plus a number of bytes for each image. So what is held
after every one of them follows for any batch, and the largest of these is the peak.
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

_AUTOGRAD: Any = torch.autograd  # torch's types do not know its profiler

SMALL_BATCHES = ((4, 8), (8, 16))
"""Pairs that are tried one after another; small matrices may be multiplied in another way."""
NUM_STEPS = 2
"""After the first, rules have drawn what they keep."""


@dataclass(frozen=True)
class StepMemory:
    """Memory of a training step on a CPU, in what torch allocates.

    Attributes:
        peak_bytes: network, optimiser, activations and whatever else is held at the worst moment;
            without the data set, and without what Python and torch need to run at all.
        kept_bytes: of that, what is held between steps.
        is_measured: whether a step of the whole batch was run, as steps on fewer images did not
            make the same allocations.
    """

    peak_bytes: int
    kept_bytes: int
    is_measured: bool = False


def forecast_step_memory(
    own: AbstractVariant, *, traits: Traits, recipe: Recipe, precision: Precision
) -> StepMemory:
    """The memory of a step on a whole mini-batch, from steps on fewer images.

    Args:
        own: whose network is trained.
        traits: traits of the images.
        recipe: recipe of the training.
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
    """Bytes of every allocation, negative where memory is given back, in their order.

    From the building of the network to the end of the second step.

    Args:
        own: whose network is trained.
        traits: traits of the images.
        recipe: recipe of the training.
        precision: precision of the forward and the backward pass.
    """
    generator = torch.Generator().manual_seed(0)
    batch = recipe.batch
    images = training_images(random_images(traits, count=NUM_STEPS * batch), traits=traits)
    plan = plan_epoch(images, batch=batch, generator=generator)
    with one_thread(), _without_garbage():
        # as torch.autograd.profiler_legacy does; the other profiler prints on standard error
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
    events = max(records, key=len)  # one list for each thread, and only one computes
    return [event.cpu_memory_usage() for event in events if str(event.kind()) == "memory_alloc"]


@contextmanager
def _without_garbage() -> Iterator[None]:
    """Nothing of what came before is freed in this block."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
