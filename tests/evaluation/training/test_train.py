"""Training; oracles: an explicit loop in plain torch, and torch's own cosine schedule."""

import random
from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from evonas.errors import TrainingDiverged
from evonas.evaluation.data.images import SearchData
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.train import train
from evonas.networks import Network, build
from evonas.space import load


@pytest.fixture(scope="module")
def digits() -> SearchData:
    return load_search_data("digits", seed=0, num_images=100)


def network(rule: str = "bp", seed: int = 0) -> Network:
    space = load("nas-bench-201").resized(channels=4, cells=1).with_rules((rule,))
    genome = space.sample(random.Random(3))
    return build(space, genome, input_shape=(1, 8, 8), num_classes=10, seed=seed)


def test_learning_rate_matches_torchs_cosine_schedule() -> None:
    recipe = Recipe(epochs=7, batch=10, learning_rate=0.3)
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=7)
    for epoch in range(7):
        assert recipe.learning_rate_at(epoch) == pytest.approx(schedule.get_last_lr()[0])
        optimiser.step()
        schedule.step()


def test_training_matches_an_explicit_torch_loop(digits: SearchData) -> None:
    recipe = Recipe(epochs=2, batch=32)
    trained = train(network(), digits.train, traits=digits.traits, recipe=recipe, seed=5)

    literal = network().train()
    generator = torch.Generator().manual_seed(5)
    optimiser = torch.optim.SGD(
        literal.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4, nesterov=True
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=2)
    for _ in range(2):
        order = torch.randperm(100, generator=generator)
        for start in (0, 32, 64):  # the last four images of the epoch are dropped
            index = order[start : start + 32]
            loss = F.cross_entropy(
                literal(digits.train.pixels[index] / 255), digits.train.labels[index]
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        schedule.step()
    for one, other in zip(trained.network.parameters(), literal.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_training_depends_only_on_the_seed(digits: SearchData) -> None:
    recipe = Recipe(epochs=1, batch=25)
    before = torch.get_rng_state()
    one, same, other = (
        train(network("brsf"), digits.train, traits=digits.traits, recipe=recipe, seed=seed)
        for seed in (1, 1, 2)
    )
    assert torch.equal(torch.get_rng_state(), before)
    assert one.losses == same.losses != other.losses
    for a, b in zip(one.network.parameters(), same.network.parameters(), strict=True):
        assert torch.equal(a, b)


def test_wiring_counts_every_optimiser_step(digits: SearchData) -> None:
    candidate = train(
        network("kp"),
        digits.train,
        traits=digits.traits,
        recipe=Recipe(epochs=3, batch=30),
        seed=0,
    )
    assert candidate.network.wiring.step == 9


def test_wiring_decay_matches_the_optimiser(digits: SearchData) -> None:
    """Kolen-Pollack's decay is what the same optimiser does to a weight with zero gradient."""
    recipe = Recipe(epochs=3, batch=50)
    candidate = train(network("kp"), digits.train, traits=digits.traits, recipe=recipe, seed=0)
    weight = torch.ones(1, requires_grad=True)
    optimiser = torch.optim.SGD([weight], lr=0.1, momentum=0.9, weight_decay=5e-4, nesterov=True)
    for epoch in range(3):
        optimiser.param_groups[0]["lr"] = recipe.learning_rate_at(epoch)
        for _ in range(2):
            weight.grad = torch.zeros(1)
            optimiser.step()
    assert candidate.network.wiring.decay == pytest.approx(float(weight.detach()), abs=1e-6)


def test_epoch_loss_is_the_mean_of_its_batches(digits: SearchData) -> None:
    untrained = network()
    recipe = Recipe(epochs=1, batch=50, learning_rate=0.0)
    (loss,) = train(untrained, digits.train, traits=digits.traits, recipe=recipe, seed=0).losses
    again = network().train()
    order = torch.randperm(100, generator=torch.Generator().manual_seed(0)).view(2, 50)
    with torch.no_grad():
        parts = [
            float(F.cross_entropy(again(digits.train.pixels[i] / 255), digits.train.labels[i]))
            for i in order
        ]
    assert loss == pytest.approx(sum(parts) / 2, rel=1e-5)


def test_crop_and_flip_traits_change_the_training(digits: SearchData) -> None:
    recipe = Recipe(epochs=1, batch=50)
    traits = digits.traits
    losses = {
        train(network(), digits.train, traits=one, recipe=recipe, seed=0).losses
        for one in (traits, replace(traits, crop_padding=2), replace(traits, flip=True))
    }
    assert len(losses) == 3


def test_trained_network_is_in_eval_mode_and_has_learned(digits: SearchData) -> None:
    candidate = train(
        network(), digits.train, traits=digits.traits, recipe=Recipe(epochs=8, batch=20), seed=0
    )
    assert not candidate.network.training
    assert candidate.losses[-1] < 0.5 * candidate.losses[0]


def test_divergence_is_reported_at_the_step_where_it_happens(digits: SearchData) -> None:
    broken = network()
    broken.classifier.weight.data[0, 0] = float("nan")
    with pytest.raises(TrainingDiverged, match=r"became nan in epoch 1, step 1$"):
        train(
            broken, digits.train, traits=digits.traits, recipe=Recipe(epochs=2, batch=20), seed=0
        )
