"""Signals counted from a genome; oracle: the layers of the built network, one by one."""

import random
from statistics import mean

import pytest
import torch

from evonas.errors import ConfigError
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.signals.counted_signals import HALVES, CountedSignals
from evonas.evaluation.signals.genome_signals import GenomeSignals, check_signals_of
from evonas.networks import build
from evonas.rules import rule_layers
from evonas.space import Genome, Space, load

SHAPE = (3, 32, 32)
SENDS = {"bp": True, "usf": True, "fa": False}


def some_space(name: str = "nas-bench-201") -> Space:
    return load(name).resized(channels=64, cells=1).with_rules(tuple(SENDS))


def profile(space: Space, genome: Genome) -> tuple[float, ...]:
    counted = CountedSignals(("depth-profile",), space, input_shape=SHAPE, num_classes=7)
    assert counted.names == HALVES
    return counted.of(genome)


def literal_profile(space: Space, genome: Genome) -> list[float]:
    """Means over the positions of each half of the share of weights whose rule sends signs."""
    with torch.device("meta"):
        network = build(space, genome, input_shape=SHAPE, num_classes=7, seed=0)
    positions = [each.name for each in space.decode(genome).positions]
    counts = {name: [0, 0] for name in positions}
    for name, layer in rule_layers(network).items():
        place = name.removeprefix("body.").split(".")[0]
        position = next(each for each in positions if each.replace(".", "_") == place)
        rule = layer.rule
        assert rule is not None
        size = sum(each.numel() for each in layer.parameters())
        counts[position][0] += size * SENDS[rule.name]
        counts[position][1] += size
    middle = (len(positions) + 1) // 2  # a middle position belongs to the first half
    halves = positions[:middle], positions[middle:]
    return [mean(counts[p][0] / counts[p][1] for p in half if counts[p][1]) for half in halves]


@pytest.mark.parametrize("name", ["nas-bench-201", "tiny"])  # of 7 and 6 positions
def test_depth_profile_matches_the_layers_of_the_network(name: str) -> None:
    space, rng = some_space(name), random.Random(5)
    for _ in range(4):
        genome = space.canonical(space.sample(rng))
        # the oracle leaves out normalisations, which are small in wide networks
        assert profile(space, genome) == pytest.approx(literal_profile(space, genome), abs=0.01)


def test_depth_profile_of_one_rule_everywhere_is_zero_or_one() -> None:
    space = some_space()
    num_rules = sum(gene.kind == "rule" for gene in space.genes)
    values = space.sample(random.Random(0)).values[:-num_rules]
    for index, name in enumerate(space.rule_choices):
        genome = space.canonical(Genome(values + (index,) * num_rules))
        assert profile(space, genome) == (float(SENDS[name]),) * 2


def test_depth_profile_and_free_are_columns_side_by_side() -> None:
    data = load_search_data("digits", seed=0, num_images=20)
    space = load("tiny").resized(channels=4, cells=1).with_rules(("fa", "usf"))
    names = ("depth-profile", "free")
    found = GenomeSignals(names, space, traits=data.traits, images=None)
    genome = space.canonical(space.sample(random.Random(2)))
    values = dict(zip(found.names, found.of(genome), strict=True))
    assert list(values)[-2:] == list(HALVES)
    assert 0.0 <= values["transports-signs"] <= 1.0


def test_depth_profile_of_a_space_with_one_rule_is_rejected() -> None:
    with pytest.raises(ConfigError, match="all layers have the rule 'fa'; leave it out"):
        check_signals_of(some_space().with_rules(("fa",)), ("free", "depth-profile"))
