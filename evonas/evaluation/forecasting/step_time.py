"""Forecast the duration of a training from a few steps, and that of measuring its objectives."""

import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import torch

from evonas.errors import CandidateFailure
from evonas.evaluation.data.images import Traits
from evonas.evaluation.forecasting.random_images import random_images
from evonas.evaluation.objectives import Objective, Subject
from evonas.evaluation.one_thread import one_thread
from evonas.evaluation.training.augment import plan_epoch, training_images
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.training_step import training_step
from evonas.evaluation.variants.base import AbstractVariant
from evonas.settings.machine import Precision

WARM_UP_STEPS = 2
MIN_STEPS, MAX_STEPS = 5, 50
TIMED_SECONDS = 0.5
FEW_IMAGES, MORE_IMAGES = 32, 96
"""Numbers of images on which objectives are timed; the slope gives the time per image."""

Clock = Callable[[], float]


def step_seconds(
    own: AbstractVariant,
    *,
    traits: Traits,
    recipe: Recipe,
    precision: Precision,
    clock: Clock = time.thread_time,
) -> float:
    """Mean duration of training steps on random images after a warm-up, on one thread.

    Args:
        own: candidate to train.
        traits: traits of the images.
        recipe: training recipe.
        precision: precision of the forward and the backward pass.
        clock: clock in seconds; by default the thread's CPU time, which excludes other processes.

    Raises:
        SpaceError: the network does not fit the images.
    """
    # every step sees the same images, to save memory when images are large
    images = training_images(random_images(traits, count=recipe.batch), traits=traits)
    generator = torch.Generator().manual_seed(0)
    plan = plan_epoch(images, batch=recipe.batch, generator=generator)
    with one_thread():
        step = training_step(
            own.network(traits, seed=0), images, recipe=recipe, precision=precision
        )
        step.begin_epoch(plan)

        def again() -> None:
            step.go_to(0)
            step()

        try:
            return statistics.fmean(seconds_of_calls(again, clock=clock))
        finally:
            step.end()


def seconds_of_calls(call: Callable[[], object], *, clock: Clock) -> list[float]:
    """Durations of several calls, after a few warm-up calls that are not timed.

    Args:
        call: function to time; it must return only when all its work is done.
        clock: clock, in seconds.
    """
    for _ in range(WARM_UP_STEPS):
        call()
    durations: list[float] = []
    while len(durations) < MIN_STEPS or (
        sum(durations) < TIMED_SECONDS and len(durations) < MAX_STEPS
    ):
        start = clock()
        call()
        durations.append(clock() - start)
    return durations


def objective_seconds(
    objective: Objective, subject: Subject, *, clock: Clock = time.thread_time
) -> float:
    """Forecast how long an objective takes for one candidate, by timing it on a few images.

    Args:
        objective: objective to time.
        subject: subject with an untrained network and all images that the objective would see.
        clock: clock, in seconds.
    """
    seen = subject.attacked if objective.cost == "attack" else subject.validation

    def seconds_on(count: int) -> float:
        index = torch.arange(count)
        few = replace(
            subject,
            validation=subject.validation.subset(index[: len(subject.validation)]),
            attacked=subject.attacked.subset(index[: len(subject.attacked)]),
        )
        start = clock()
        with suppress(CandidateFailure):  # attacks may find no gradient in an untrained network
            objective.value_of(few)
        return clock() - start

    with one_thread():
        seconds_on(min(FEW_IMAGES, len(seen)))  # warms up
        if objective.cost == "free" or len(seen) <= MORE_IMAGES:
            return seconds_on(len(seen))
        few, more = seconds_on(FEW_IMAGES), seconds_on(MORE_IMAGES)
    slope = max(0.0, more - few) / (MORE_IMAGES - FEW_IMAGES)
    return few + slope * (len(seen) - FEW_IMAGES)
