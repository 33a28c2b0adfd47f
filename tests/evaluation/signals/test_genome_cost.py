"""Costs computed from the genome; oracle: the network, built and counted."""

import random

import pytest
import torch

from evonas.errors import SpaceError
from evonas.evaluation.signals.genome_cost import GenomeCosts
from evonas.networks import build, count_multiply_adds, count_parameters
from evonas.rules import weights_by_rule
from evonas.space import load, shipped

SHAPE = (3, 32, 32)


@pytest.mark.parametrize("name", shipped())
def test_genome_cost_matches_the_built_network(name: str) -> None:
    space = load(name).resized(channels=4, cells=2).with_rules(("bp", "fa", "usf"))
    costs = GenomeCosts(space, input_shape=SHAPE, num_classes=7)
    rng = random.Random(0)
    for is_canonical in (False, True, False):
        genome = space.sample(rng)
        genome = space.canonical(genome) if is_canonical else genome
        with torch.device("meta"):
            network = build(space, genome, input_shape=SHAPE, num_classes=7, seed=0)
        cost = costs.of(genome)
        assert cost.parameters == count_parameters(network)
        assert cost.multiply_adds == count_multiply_adds(network, input_shape=SHAPE)
        assert sum(cost.by_rule.values()) == cost.parameters


def test_parameters_are_counted_by_the_rules_of_layers() -> None:
    space = load("nas-bench-201").resized(channels=4, cells=1).with_rules(("fa", "usf", "bp"))
    genome = space.sample(random.Random(3))
    network = build(space, genome, input_shape=SHAPE, num_classes=7, seed=0)
    # normalisation counts with the layer before it; weights_by_rule counts layers only
    layers = weights_by_rule(network)
    found = GenomeCosts(space, input_shape=SHAPE, num_classes=7).of(genome).by_rule
    for rule, count in found.items():
        assert 0 <= count - layers[rule] < 0.2 * count


def test_too_small_images_are_rejected() -> None:
    with pytest.raises(SpaceError, match="expected images of at least"):
        GenomeCosts(load("nas-bench-201"), input_shape=(3, 2, 2), num_classes=7)
