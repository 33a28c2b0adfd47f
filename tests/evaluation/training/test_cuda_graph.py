"""Replayed CUDA graphs equal eager calls; without a GPU, calls stay eager."""

import itertools
import random
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from evonas.evaluation.attacks.gradient.apgd import apgd
from evonas.evaluation.attacks.replayed_network import ReplayedNetwork
from evonas.evaluation.data.images import SearchData
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.training.augment import FramedImages, frame, plan_epoch
from evonas.evaluation.training.cuda_graph import WARM_UP_CALLS, Replayed
from evonas.evaluation.training.device_stream import make_device_stream
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.train import TrainedCandidate, train
from evonas.evaluation.training.training_step import TrainingStep, training_step
from evonas.networks import build
from evonas.rules import rule_layers
from evonas.rules.kernels import problem_with
from evonas.space import load

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
RECIPE = Recipe(epochs=2, batch=20)
RULES = ("fa", "usf", "frsf", "brsf", "kp", "dfa")


def test_calls_stay_eager_on_cpu() -> None:
    counter = torch.zeros(1)
    counting = Replayed(lambda: counter.add_(1), device=torch.device("cpu"))  # type: ignore[arg-type]
    for _ in range(WARM_UP_CALLS + 2):
        counting()
    assert counter == WARM_UP_CALLS + 2
    assert not counting.is_captured
    assert counting.fallback == "cpu has no graphs"


def test_trained_candidate_reports_why_steps_were_eager(digits: SearchData) -> None:
    assert trained("cpu", ("bp",), digits).fallback == "cpu has no graphs"


def test_attack_on_replayed_network_equals_plain_attack(
    trained_once: nn.Module, batch: tuple[Tensor, Tensor]
) -> None:
    images, labels = batch
    noise = torch.rand(images.shape, generator=torch.Generator().manual_seed(5)) * 2 - 1
    one, other = (
        apgd(network, images, labels, epsilon=0.1, noise=noise, num_steps=10)
        for network in (trained_once, ReplayedNetwork(trained_once))
    )
    assert one.adversarial.equal(other.adversarial)
    assert one.robust.equal(other.robust)


def trained(device: str, rules: tuple[str, ...], data: SearchData) -> TrainedCandidate:
    """A network of all rules, trained for two epochs of 200 images."""
    space = load("nas-bench-201").resized(channels=4, cells=1).with_rules(rules)
    network = build(
        space, space.sample(random.Random(3)), input_shape=(1, 8, 8), num_classes=10, seed=0
    ).to(device)
    images = data.train.subset(torch.arange(200)).to(device)
    traits = replace(data.traits, crop_padding=1)
    return train(network, images, traits=traits, recipe=RECIPE, seed=0)


def step_on_gpu(
    rules: tuple[str, ...], *, has_kernels: bool | None = None
) -> tuple[TrainingStep, FramedImages]:
    data = load_search_data("digits", seed=0, num_images=200)
    space = load("nas-bench-201").resized(channels=4, cells=1).with_rules(rules)
    network = build(
        space, space.sample(random.Random(3)), input_shape=(1, 8, 8), num_classes=10, seed=0
    ).cuda()
    images = frame(data.train.to("cuda"), traits=replace(data.traits, crop_padding=1, flip=True))
    step = training_step(network, images, recipe=RECIPE, precision="fp32", has_kernels=has_kernels)
    return step, images


@pytest.mark.gpu
@needs_gpu
@pytest.mark.parametrize("rules", [("bp",), RULES])
def test_replayed_steps_equal_eager_steps(rules: tuple[str, ...]) -> None:
    torch.backends.cudnn.deterministic = True
    stream, generator = make_device_stream("cuda"), torch.Generator().manual_seed(0)
    with stream.open():
        (eager, images), (captured, _) = step_on_gpu(rules), step_on_gpu(rules)
        replayed = Replayed(captured, device=torch.device("cuda"))
        plan = plan_epoch(images, batch=RECIPE.batch, generator=generator)
        for step in (eager, captured):
            step.begin_epoch(plan)
        for _ in range(eager.num_steps):
            eager()
            replayed()
            for one, other in zip(eager.descent.tensors, captured.descent.tensors, strict=True):
                torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
    assert replayed.is_captured, replayed.fallback


@pytest.mark.gpu
@needs_gpu
@pytest.mark.parametrize("rules", [("bp",), RULES])
def test_kernel_step_equals_plain_step_on_gpu(rules: tuple[str, ...]) -> None:
    torch.backends.cudnn.deterministic = True
    assert problem_with("cuda") is None
    with make_device_stream("cuda").open():
        steps = [step_on_gpu(rules, has_kernels=has) for has in (False, True)]
        plan = plan_epoch(steps[0][1], batch=RECIPE.batch, generator=torch.Generator())
        for step, _ in steps:
            step.begin_epoch(plan)
            step()
        plain, ours = (step for step, _ in steps)
        torch.testing.assert_close(ours.losses, plain.losses, rtol=1e-4, atol=0.0)
        for one, other in zip(ours.descent.parameters, plain.descent.parameters, strict=True):
            torch.testing.assert_close(one.grad, other.grad, rtol=1e-2, atol=1e-4)


@pytest.mark.gpu
@needs_gpu
def test_replays_draw_new_feedback_until_the_counter_is_restored() -> None:
    with make_device_stream("cuda").open():
        step, images = step_on_gpu(("brsf",))
        wiring = step.network.wiring
        layer = list(rule_layers(step.network).values())[1]
        drawn = torch.empty(layer.weight.shape, device="cuda")

        def draw() -> None:
            drawn.copy_(layer.fresh_noise())
            wiring.advance(learning_rate=0.1)

        replayed = Replayed(draw, device=torch.device("cuda"))
        found = []
        for call in range(WARM_UP_CALLS + 3):
            if call == WARM_UP_CALLS + 1:
                state = wiring.state()
            replayed()
            found.append(drawn.clone())
        assert replayed.is_captured, replayed.fallback
        assert len(images) == 200
        for one, other in itertools.pairwise(found):
            assert not one.equal(other)
        wiring.restore(state)
        replayed()
        assert drawn.equal(found[WARM_UP_CALLS + 1])


@pytest.mark.gpu
@needs_gpu
@pytest.mark.parametrize("rules", [("bp",), RULES])
def test_losses_on_gpu_graphs_agree_with_cpu(rules: tuple[str, ...], digits: SearchData) -> None:
    on_gpu, on_cpu = trained("cuda", rules, digits), trained("cpu", rules, digits)
    assert on_gpu.fallback is None
    assert on_gpu.losses == pytest.approx(on_cpu.losses, rel=2e-2)


@pytest.mark.gpu
@needs_gpu
def test_uncapturable_call_stays_eager_and_reports_why() -> None:
    values = torch.ones(3, device="cuda")
    total = torch.zeros(1, device="cuda")

    def waiting() -> None:
        total.add_(float(values.sum()))  # the host reads the value

    with make_device_stream("cuda").open():
        replayed = Replayed(waiting, device=torch.device("cuda"))
        for _ in range(WARM_UP_CALLS + 2):
            replayed()
        assert replayed.fallback is not None
        assert replayed.fallback.startswith("capture failed: ")
        assert float(total) == 3 * (WARM_UP_CALLS + 2)
