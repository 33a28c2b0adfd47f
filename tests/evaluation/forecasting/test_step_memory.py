"""Peak memory of a step; oracles: torch.profiler on a step of the whole batch, hand counts."""

import gc
import random
from itertools import accumulate

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from evonas.evaluation.data.loading import traits_of
from evonas.evaluation.forecasting.random_images import random_images
from evonas.evaluation.forecasting.step_memory import forecast_step_memory
from evonas.evaluation.one_thread import one_thread
from evonas.evaluation.training.augment import plan_epoch, training_images
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.training_step import training_step
from evonas.evaluation.variants.genome_variant import GenomeVariant
from evonas.networks import count_parameters
from evonas.space import load

TRAITS = traits_of("digits")


def variants(name: str, count: int) -> list[GenomeVariant]:
    space, rng = load(name).resized(channels=8, cells=1), random.Random(0)
    return [GenomeVariant("", space, space.canonical(space.sample(rng))) for _ in range(count)]


def measured_peak(own: GenomeVariant, recipe: Recipe) -> int:
    """Peak of two steps of the whole batch, from the memory events of torch.profiler."""
    images = training_images(random_images(TRAITS, count=2 * recipe.batch), traits=TRAITS)
    plan = plan_epoch(images, batch=recipe.batch, generator=torch.Generator().manual_seed(0))
    gc.collect()
    gc.disable()
    try:
        with (
            one_thread(),
            profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler,
        ):
            step = training_step(
                own.network(TRAITS, seed=0), images, recipe=recipe, precision="fp32"
            )
            step.begin_epoch(plan)
            step()
            step()
    finally:
        gc.enable()
    results = profiler.profiler.kineto_results
    events = [event for event in results.events() if event.name() == "[memory]"]
    return int(max(accumulate(event.nbytes() for event in events)))


@pytest.mark.parametrize("name", ["nas-bench-201", "mobile", "mlp"])
def test_peak_memory_forecast_is_within_one_percent(name: str) -> None:
    recipe = Recipe(1, 50)  # not a multiple of the small batches that are measured
    for own in variants(name, 3):
        found = forecast_step_memory(own, traits=TRAITS, recipe=recipe, precision="fp32")
        assert not found.is_measured
        assert found.peak_bytes == pytest.approx(measured_peak(own, recipe), rel=0.01)


def test_kept_bytes_exclude_activations() -> None:
    (own,) = variants("nas-bench-201", 1)
    space = own.space.with_rules(("bp",))
    own = GenomeVariant("", space, space.parse(own.text.split("@")[0]))
    small, large = (
        forecast_step_memory(own, traits=TRAITS, recipe=Recipe(1, batch), precision="fp32")
        for batch in (32, 128)
    )
    weights = 4 * count_parameters(own.network(TRAITS, seed=0))
    assert 2 * weights <= small.kept_bytes <= 3.2 * weights  # dead edges have no gradient
    assert large.kept_bytes - small.kept_bytes < 0.05 * small.kept_bytes
    activations = small.peak_bytes - small.kept_bytes, large.peak_bytes - large.kept_bytes
    assert activations[1] == pytest.approx(4 * activations[0], rel=0.1)


def test_small_batch_is_measured_directly() -> None:
    (own,) = variants("mlp", 1)
    recipe = Recipe(1, 8)
    found = forecast_step_memory(own, traits=TRAITS, recipe=recipe, precision="fp32")
    assert found.is_measured
    assert found.peak_bytes == pytest.approx(measured_peak(own, recipe), rel=0.01)
