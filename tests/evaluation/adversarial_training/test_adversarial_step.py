"""Oracles: standard training, a float64 step on the all-bp twin, uninterrupted training."""

import random
from dataclasses import replace
from fractions import Fraction

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from evonas.evaluation.adversarial_training.adversary import Adversary, parse_training
from evonas.evaluation.data.images import SearchData
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.training.augment import cut, frame, plan_epoch
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.train import train
from evonas.evaluation.training.training_step import TrainingStep, training_step
from evonas.networks import Network, build
from evonas.rules import RULES
from evonas.space import load
from tests.recorder import Recorder

EPSILON = Fraction(1, 10)
SOME = ("bp", "fa", "brsf", "kp", "dfa", "local", "pc", "hebb")


@pytest.fixture(scope="module")
def data() -> SearchData:
    found = load_search_data("digits", seed=0, num_images=60)
    return replace(found, traits=replace(found.traits, crop_padding=1, flip=True))


def adversary(text: str, *, epsilon: Fraction = EPSILON) -> Adversary:
    found = parse_training(text, epsilon=epsilon)
    assert found is not None
    return found


def network(*rules: str, space: str = "nas-bench-201") -> Network:
    shaped = load(space).resized(channels=4, cells=1).with_rules(rules)
    genome = shaped.sample(random.Random(3))
    return build(shaped, genome, input_shape=(1, 8, 8), num_classes=10, seed=0)


def same(one: Network, other: Network) -> bool:
    theirs = other.state_dict()
    return all(torch.equal(value, theirs[name]) for name, value in one.state_dict().items())


@pytest.mark.parametrize("rules", [*((rule,) for rule in SOME), tuple(RULES)])
def test_epsilon_zero_equals_standard_training_bit_for_bit(
    data: SearchData, rules: tuple[str, ...]
) -> None:
    nothing = adversary("pgd-2", epsilon=Fraction(0))
    recipes = [Recipe(1, 20), Recipe(1, 20, adversary=nothing)]
    plain, zero = (
        train(network(*rules), data.train, traits=data.traits, recipe=recipe, seed=5)
        for recipe in recipes
    )
    assert zero.losses == plain.losses
    assert same(zero.network, plain.network)


@pytest.mark.parametrize("rule", ["bp", "fa", "dfa", "pc"])
def test_step_matches_explicit_step_along_the_true_gradient(data: SearchData, rule: str) -> None:
    """The examples come from the all-bp twin in float64; the weights learn by the rule."""
    framed = frame(data.train, traits=data.traits)
    recipe = Recipe(1, 20, adversary=adversary("pgd-3"))
    step = training_step(network(rule), framed, recipe=recipe, precision="fp32", seed=7)
    plan = plan_epoch(framed, batch=20, generator=torch.Generator().manual_seed(1))
    step.begin_epoch(plan)
    assert step.perturbation is not None
    start = step.perturbation.start(torch.tensor([0])).double()
    step()

    pixels, labels = cut(framed, plan[0])
    images = pixels.double()
    twin = network("bp").double().eval()
    points = (images + 0.1 * start).clamp(0, 1)
    for _ in range(3):
        points = points.detach().requires_grad_()
        F.cross_entropy(twin(points), labels).backward()
        assert points.grad is not None
        moved = points.detach() + 2.5 * 0.1 / 3 * points.grad.sign()
        points = torch.min(torch.max(moved, images - 0.1), images + 0.1).clamp(0, 1)
    literal = network(rule).double().train()
    literal.wiring.aim(labels)
    loss = F.cross_entropy(literal(points.detach()), labels)
    assert float(step.losses[0]) == pytest.approx(float(loss.detach()), rel=1e-5)
    loss.backward()
    for (name, mine), theirs in zip(
        step.network.named_parameters(), literal.parameters(), strict=True
    ):
        if theirs.grad is not None:  # Nesterov's first step is 1.9 gradients long
            decayed = theirs.grad + 5e-4 * theirs.detach()
            expected = (theirs.detach() - 0.1 * 1.9 * decayed).float()
            torch.testing.assert_close(mine.detach(), expected, rtol=1e-3, atol=1e-5, msg=name)


@pytest.mark.parametrize("text", ["fgsm", "pgd-2"])
@pytest.mark.parametrize("rules", [("bp",), ("fa",), tuple(RULES)])
def test_staged_training_equals_uninterrupted_training(
    data: SearchData, rules: tuple[str, ...], text: str
) -> None:
    recipe = Recipe(3, 20, adversary=adversary(text))
    given = {"traits": data.traits, "recipe": recipe, "seed": 5}
    straight = train(network(*rules), data.train, **given)  # type: ignore[arg-type]
    checkpoint = b""
    for until in (1, 2, 3):
        stage = train(
            network(*rules), data.train, until=until, checkpoint=checkpoint, **given  # type: ignore[arg-type]
        )  # fmt: skip
        checkpoint = stage.checkpoint
    assert stage.losses == straight.losses
    assert same(stage.network, straight.network)


def test_adversarial_training_depends_only_on_the_seed(data: SearchData) -> None:
    recipe = Recipe(1, 20, adversary=adversary("fgsm"))
    before = torch.get_rng_state()
    one, again, other = (
        train(network("bp"), data.train, traits=data.traits, recipe=recipe, seed=seed)
        for seed in (1, 1, 2)
    )
    assert torch.equal(torch.get_rng_state(), before)
    assert one.losses == again.losses != other.losses
    assert same(one.network, again.network)


def test_every_mini_batch_has_a_unique_number(data: SearchData) -> None:
    framed = frame(data.train, traits=data.traits)
    recipe = Recipe(2, 20, adversary=adversary("fgsm"))
    step = training_step(network("bp"), framed, recipe=recipe, precision="fp32")
    numbers = []

    def spy(_: Network, images: Tensor, labels: Tensor, *, number: Tensor) -> Tensor:
        assert len(images) == len(labels)
        numbers.append(int(number))
        return images

    spied = replace(step, perturbation=spy)  # type: ignore[arg-type]
    run(spied, plan_epoch(framed, batch=20, generator=torch.Generator()), graph=False)
    assert numbers == [0, 1, 2, 3, 4, 5]


def run(step: TrainingStep, plan: Tensor, *, graph: bool) -> Tensor:
    """Run two epochs of one plan; with ``graph``, record the third step and then replay it."""
    recorder, losses = Recorder(), []
    for number in range(2 * len(plan)):
        if number % len(plan) == 0:
            step.begin_epoch(plan)
        if not graph or number < 2:
            step()
        elif number == 2:
            with recorder:
                step()
        else:
            recorder.replay()
        if (number + 1) % len(plan) == 0:
            losses.append(step.losses.clone())
    return torch.cat(losses)


@pytest.mark.parametrize("rules", [("bp",), ("brsf",), tuple(RULES)])
@pytest.mark.parametrize("has_kernels", [False, True])
def test_replayed_step_equals_plain_training(
    data: SearchData, rules: tuple[str, ...], has_kernels: bool
) -> None:
    framed = frame(data.train, traits=data.traits)
    recipe = Recipe(2, 10, adversary=adversary("pgd-2"))
    plan = plan_epoch(framed, batch=10, generator=torch.Generator().manual_seed(1))
    steps = []
    for _ in range(2):
        fresh = network(*rules)
        fresh.wiring.to_tensors("cpu", has_kernels=has_kernels)
        steps.append(
            training_step(
                fresh, framed, recipe=recipe, precision="fp32", has_kernels=has_kernels, seed=3
            )
        )
    plain, repeated = steps
    assert run(repeated, plan, graph=True).equal(run(plain, plan, graph=False))
    assert same(repeated.network, plain.network)
