"""A recorded and replayed training step equals plain training, and never waits for the device."""

import random
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.training.augment import FramedImages, frame, plan_epoch
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.training_step import TrainingStep, training_step
from evonas.networks import build
from evonas.rules import RULES
from evonas.space import load
from tests.recorder import Recorder

RECIPE = Recipe(epochs=2, batch=10)


@pytest.fixture(scope="module")
def images() -> FramedImages:
    data = load_search_data("digits", seed=0, num_images=40)
    return frame(data.train, traits=replace(data.traits, crop_padding=1, flip=True))


def step_of(images: FramedImages, rules: tuple[str, ...], *, space: str) -> TrainingStep:
    shaped = load(space).resized(channels=4, cells=1).with_rules(rules)
    genome = shaped.sample(random.Random(5))
    network = build(shaped, genome, input_shape=(1, 8, 8), num_classes=10, seed=0)
    network.wiring.to_tensors("cpu")
    return training_step(network, images, recipe=RECIPE, precision="fp32")


def run(step: TrainingStep, images: FramedImages, *, graph: bool) -> list[Tensor]:
    """Run all epochs; with ``graph``, record the fourth step and replay it from then on."""
    generator = torch.Generator().manual_seed(3)
    recorder, made, losses = Recorder(), 0, []
    for _ in range(RECIPE.epochs):
        step.begin_epoch(plan_epoch(images, batch=RECIPE.batch, generator=generator))
        for _ in range(step.num_steps):
            if not graph or made < 3:
                step()
            elif made == 3:
                with recorder:
                    step()
            else:
                recorder.replay()
            made += 1
        losses.append(step.losses.clone())
    return losses


@pytest.mark.parametrize("space", ["nas-bench-201", "darts"])
@pytest.mark.parametrize("rules", [("bp",), ("brsf",), ("kp", "dfa"), tuple(RULES)])
def test_replayed_step_equals_plain_training(
    images: FramedImages, rules: tuple[str, ...], space: str
) -> None:
    plain, repeated = (step_of(images, rules, space=space) for _ in range(2))
    expected = run(plain, images, graph=False)
    for mine, other in zip(run(repeated, images, graph=True), expected, strict=True):
        assert mine.equal(other)
    ours = repeated.network.state_dict()
    for name, value in plain.network.state_dict().items():
        assert ours[name].equal(value), name
    assert repeated.network.wiring.state() == plain.network.wiring.state()


def test_begin_epoch_never_waits_for_the_device(images: FramedImages) -> None:
    step = step_of(images, ("bp",), space="nas-bench-201")
    plan = plan_epoch(images, batch=RECIPE.batch, generator=torch.Generator().manual_seed(0))
    with Recorder() as recorder:  # it rejects every operation that the host would wait for
        step.begin_epoch(plan)
    assert recorder.calls
    assert step.num_steps == len(images.labels) // RECIPE.batch


def test_wiring_as_numbers_or_tensors_gives_equal_losses(images: FramedImages) -> None:
    """A CPU counts in Python numbers, a GPU in tensors."""
    tensors, numbers = (step_of(images, ("brsf", "kp"), space="nas-bench-201") for _ in range(2))
    numbers.network.wiring.to_numbers()
    losses = [run(step, images, graph=False) for step in (tensors, numbers)]
    for one, other in zip(*losses, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)
