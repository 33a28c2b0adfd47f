"""Training in stages; oracle: uninterrupted training, bit for bit, under every rule."""

import random

import pytest
import torch

from evonas.errors import StorageError
from evonas.evaluation.data.images import SearchData
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.train import train
from evonas.networks import Network, build
from evonas.rules import RULES
from evonas.space import load

RECIPE = Recipe(epochs=3, batch=20)


@pytest.fixture(scope="module")
def digits() -> SearchData:
    return load_search_data("digits", seed=0, num_images=60)


def network(rule: str, *, channels: int = 4) -> Network:
    space = load("nas-bench-201").resized(channels=channels, cells=1).with_rules((rule,))
    genome = space.sample(random.Random(3))
    return build(space, genome, input_shape=(1, 8, 8), num_classes=10, seed=0)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_staged_training_equals_uninterrupted_training(digits: SearchData, rule: str) -> None:
    straight = train(network(rule), digits.train, traits=digits.traits, recipe=RECIPE, seed=5)
    checkpoint, losses = b"", []
    for until in (1, 2, 3):
        stage = train(
            network(rule),
            digits.train,
            traits=digits.traits,
            recipe=RECIPE,
            seed=5,
            until=until,
            checkpoint=checkpoint,
        )
        checkpoint = stage.checkpoint
        losses.append(stage.losses)
    assert checkpoint == b""
    assert losses == [straight.losses[:1], straight.losses[:2], straight.losses]
    theirs = straight.network.state_dict()
    assert all(torch.equal(v, theirs[name]) for name, v in stage.network.state_dict().items())
    assert stage.network.wiring.state() == straight.network.wiring.state()


def test_stage_uses_the_learning_rate_of_the_whole_recipe(digits: SearchData) -> None:
    """A shorter recipe would have a lower learning rate by then."""
    short = Recipe(epochs=2, batch=20)
    whole, part = (
        train(network("fa"), digits.train, traits=digits.traits, recipe=recipe, seed=5, until=2)
        for recipe in (RECIPE, short)
    )
    assert whole.losses[0] == part.losses[0]
    assert whole.losses[1] != part.losses[1]
    assert whole.checkpoint
    assert not part.checkpoint


@pytest.mark.parametrize("damage", ["garbage", "half", "another network's"])
def test_damaged_checkpoint_error_says_what_to_do(digits: SearchData, damage: str) -> None:
    stage = train(
        network("fa", channels=8 if damage == "another network's" else 4),
        digits.train,
        traits=digits.traits,
        recipe=RECIPE,
        seed=5,
        until=1,
    )
    checkpoint = {"garbage": b"abc", "half": stage.checkpoint[:500]}.get(damage, stage.checkpoint)
    with pytest.raises(StorageError, match="delete the run's folder 'checkpoints'"):
        train(
            network("fa"),
            digits.train,
            traits=digits.traits,
            recipe=RECIPE,
            seed=5,
            checkpoint=checkpoint,
        )
