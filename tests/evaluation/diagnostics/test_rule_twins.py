"""Rule twins; oracles: a training that took the steps, and the weights themselves."""

import pytest
import torch

from evonas.evaluation.data.images import SearchData
from evonas.evaluation.diagnostics.rule_twins import count_steps, rule_twin
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.train import train
from evonas.rules import rule_layers
from evonas.space import load

CELL = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|skip_connect~0|none~1|nor_conv_1x1~2|"
SPACE = (
    load("nas-bench-201")
    .resized(channels=4, cells=1)
    .with_rules(("usf", "kp", "local"))
    .with_first_layer({"kp": "usf"})
    .with_readout({"local": "usf"})
)


def test_twins_have_equal_weights_and_different_rules(digits: SearchData) -> None:
    rules = "kp " * sum(gene.kind == "rule" for gene in SPACE.genes)
    genome = SPACE.parse(f"{CELL} @ {rules}")
    own = rule_twin(SPACE, genome, digits.traits, seed=3)
    assert {layer.rule.name for layer in rule_layers(own).values()} == {"kp"}
    for rule in ("bp", "fa", "kp", "local", "hebb"):
        twin = rule_twin(SPACE, genome, digits.traits, seed=3, rule=rule)
        layers = rule_layers(twin)
        assert {layer.rule.name for name, layer in layers.items() if name != "classifier"} == {
            rule
        }
        theirs = twin.state_dict()
        assert all(torch.equal(value, theirs[name]) for name, value in own.state_dict().items())


def test_every_twin_loads_the_trained_weights(digits: SearchData) -> None:
    genome = SPACE.parse(f"{CELL} @ {'usf ' * sum(g.kind == 'rule' for g in SPACE.genes)}")
    other = rule_twin(SPACE, genome, digits.traits, seed=9).state_dict()
    for rule in (None, "bp", "local"):
        twin = rule_twin(SPACE, genome, digits.traits, seed=3, rule=rule, weights=other)
        mine = twin.state_dict()
        assert all(torch.equal(value, mine[name]) for name, value in other.items())


def test_count_steps_matches_the_state_after_training(digits: SearchData) -> None:
    genome = SPACE.parse(f"{CELL} @ {'kp ' * sum(g.kind == 'rule' for g in SPACE.genes)}")
    images = digits.train.subset(torch.arange(100))
    recipe = Recipe(epochs=3, batch=30)
    trained = rule_twin(SPACE, genome, digits.traits, seed=0)
    train(trained, images, traits=digits.traits, recipe=recipe, seed=0)
    counted = rule_twin(SPACE, genome, digits.traits, seed=0, weights=trained.state_dict())
    count_steps(counted, recipe, num_images=100, epochs=3)
    assert counted.wiring.state() == pytest.approx(trained.wiring.state(), rel=1e-6)
    layers = rule_layers(trained)
    for name, layer in rule_layers(counted).items():
        assert torch.allclose(layer.feedback(), layers[name].feedback(), atol=1e-6)
