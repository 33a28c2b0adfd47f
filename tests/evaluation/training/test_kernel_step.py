"""Training steps with kernels, run by their references; oracle: the plain step."""

import copy
import random
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load as load_safetensors
from safetensors.torch import save
from torch import Tensor

from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.training.augment import FramedImages, frame, plan_epoch
from evonas.evaluation.training.checkpoint import make_checkpoint, restore_checkpoint
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.training_step import TrainingStep, training_step
from evonas.networks import build
from evonas.rules import RULES, rule_layers, true_gradient
from evonas.settings.machine import Precision
from evonas.space import load
from tests.recorder import Recorder

RECIPE = Recipe(epochs=2, batch=10)
# other rules make discrete choices, which amplify rounding errors
SMOOTH = ("bp", "usf", "brsf+kp", "dfa")


@pytest.fixture(scope="module")
def images() -> FramedImages:
    data = load_search_data("digits", seed=0, num_images=30)
    return frame(data.train, traits=replace(data.traits, crop_padding=1, flip=True))


def step_of(
    images: FramedImages, rules: tuple[str, ...], *, has_kernels: bool, space: str,
    precision: Precision = "fp32",
) -> TrainingStep:  # fmt: skip
    shaped = load(space).resized(channels=4, cells=1).with_rules(rules)
    genome = shaped.sample(random.Random(2))
    network = build(shaped, genome, input_shape=(1, 8, 8), num_classes=10, seed=0)
    return training_step(
        network, images, recipe=RECIPE, precision=precision, has_kernels=has_kernels
    )


def run(step: TrainingStep, images: FramedImages, *, epochs: int = 1, seed: int = 3) -> Tensor:
    """Return the losses of all steps."""
    generator, losses = torch.Generator().manual_seed(seed), []
    for _ in range(epochs):
        step.begin_epoch(plan_epoch(images, batch=RECIPE.batch, generator=generator))
        for _ in range(step.num_steps):
            step()
        losses.append(step.losses.clone())
    return torch.cat(losses)


def feedbacks(step: TrainingStep) -> dict[str, Tensor]:
    """The feedback tensor of each layer that has one, for the next step."""
    wiring = step.network.wiring
    return {
        name: wiring.feedback_cache.feedback(layer, layer.rule, version=wiring.version)  # type: ignore[arg-type]
        for name, layer in rule_layers(step.network).items()
        if layer.rule.name in ("fa", "usf", "frsf", "brsf", "kp")
    }


def both(images: FramedImages, rules: str, *, space: str) -> list[TrainingStep]:
    """The same training step, plain and with kernels."""
    names = tuple(rules.split("+"))
    return [step_of(images, names, has_kernels=has, space=space) for has in (False, True)]


@pytest.mark.parametrize("rules", [*RULES, "+".join(RULES)])
def test_kernel_step_equals_plain_step(images: FramedImages, rules: str) -> None:
    plain, ours = steps = both(images, rules, space="nas-bench-201")
    plan = plan_epoch(images, batch=RECIPE.batch, generator=torch.Generator().manual_seed(3))
    for step in steps:
        step.begin_epoch(plan)
        step()
    torch.testing.assert_close(ours.losses, plain.losses, rtol=1e-5, atol=0.0)
    for one, other in zip(ours.descent.parameters, plain.descent.parameters, strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-3, atol=1e-5)
    theirs = plain.network.state_dict()
    for name, value in ours.network.state_dict().items():
        torch.testing.assert_close(value, theirs[name], rtol=1e-4, atol=1e-5, msg=name)


@pytest.mark.parametrize("rules", SMOOTH)
def test_losses_with_kernels_follow_plain_training(images: FramedImages, rules: str) -> None:
    plain, ours = both(images, rules, space="nas-bench-201")
    torch.testing.assert_close(run(ours, images), run(plain, images), rtol=1e-3, atol=1e-4)


def test_feedback_of_one_launch_equals_rules_bit_for_bit(images: FramedImages) -> None:
    rules = ("fa", "usf", "frsf", "brsf", "kp")
    step = step_of(images, rules, has_kernels=True, space="darts")
    run(step, images)
    feedbacks(step)  # also of layers on dead edges, which request feedback for the first time
    made = feedbacks(step)  # refreshes all of them in one launch
    layers = rule_layers(step.network)
    assert {layers[name].rule.name for name in made} == set(rules)
    assert sum(layers[name].weight.stride() != torch.empty(layers[name].weight.shape).stride()
               for name in made) > 5  # fmt: skip
    for name, feedback in made.items():
        assert feedback.equal(layers[name].feedback()), name
        assert feedback.stride() == layers[name].weight.stride()


def test_step_makes_one_feedback_and_one_update_launch(images: FramedImages) -> None:
    rules = ("fa", "usf", "frsf", "brsf", "kp")
    step = step_of(images, rules, has_kernels=True, space="darts")
    run(step, images)
    step.number.zero_()
    with Recorder() as recorder:
        step()
    names = [func.name() for func, *_ in recorder.calls]
    for name in ("evonas::refresh_feedback", "evonas::sgd_step"):
        assert names.count(name) == 1, name
    drawn = ("aten::sign", "aten::sign_", "aten::bitwise_xor", "aten::_fused_sgd_")
    assert not [name for name in names if name.startswith(drawn)]


@pytest.mark.parametrize("rules", [("brsf", "kp"), tuple(RULES)])
def test_replayed_kernel_step_equals_plain_calls(
    images: FramedImages, rules: tuple[str, ...]
) -> None:
    plain, repeated = (
        step_of(images, rules, has_kernels=True, space="nas-bench-201") for _ in range(2)
    )
    expected = run(plain, images, epochs=2)
    generator, losses = torch.Generator().manual_seed(3), []
    recorder = Recorder()
    for epoch in range(2):
        repeated.begin_epoch(plan_epoch(images, batch=RECIPE.batch, generator=generator))
        for number in range(repeated.num_steps):
            if epoch == 1 and number > 0:
                recorder.replay()
            elif epoch == 1:
                with recorder:
                    repeated()
            else:
                repeated()
        losses.append(repeated.losses.clone())
    assert torch.cat(losses).equal(expected)
    theirs = plain.network.state_dict()
    for name, value in repeated.network.state_dict().items():
        assert value.equal(theirs[name]), name


def test_checkpoint_resumes_with_and_without_kernels(
    images: FramedImages,
) -> None:
    rules = ("fa", "brsf", "kp", "dfa")

    def fresh(*, has_kernels: bool = True) -> TrainingStep:
        return step_of(images, rules, has_kernels=has_kernels, space="nas-bench-201")

    def resumed(blob: bytes, *, has_kernels: bool = True) -> Tensor:
        step = fresh(has_kernels=has_kernels)
        restore_checkpoint(blob, step, torch.Generator())
        return run(step, images, seed=4)

    whole = fresh()
    first = run(whole, images)
    blob = make_checkpoint(whole, torch.Generator(), first.tolist()[:1])
    expected = run(whole, images, seed=4)
    assert resumed(blob).equal(expected)
    torch.testing.assert_close(resumed(blob, has_kernels=False), expected, rtol=1e-5, atol=1e-5)


def test_bf16_losses_with_kernels_match_plain_up_to_rounding(images: FramedImages) -> None:
    rules = ("usf", "brsf", "kp", "dfa")
    losses = [
        run(step_of(images, rules, has_kernels=has, space="nas-bench-201", precision="bf16"),
            images)
        for has in (True, False)
    ]  # fmt: skip
    torch.testing.assert_close(*losses, rtol=2e-2, atol=2e-2)


def test_network_after_end_is_an_ordinary_network(images: FramedImages) -> None:
    """Its gradient is the true one, and its copies and files have separate weights."""
    step = step_of(images, ("fa",), has_kernels=True, space="nas-bench-201")
    run(step, images)
    step.end()
    network = step.network
    twin = copy.deepcopy(network)
    pixels = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    pixels.requires_grad_()
    with true_gradient(network):
        (true,) = torch.autograd.grad(network(pixels).sum(), pixels)
    direction = torch.randn(pixels.shape, generator=torch.Generator().manual_seed(0))
    wide = network.double()
    low, high = (wide((pixels + sign * 1e-5 * direction).double()).sum() for sign in (-1, 1))
    slope = (true * direction).sum().double()
    torch.testing.assert_close(slope, (high - low) / 2e-5, rtol=1e-2, atol=1e-3)
    kept = load_safetensors(save({n: v.cpu() for n, v in twin.state_dict().items()}))
    for name, value in wide.state_dict().items():
        assert kept[name].equal(value.to(kept[name].dtype)), name
