"""What a control shares with the network (weights, first step), and what it changes."""

import random
from collections import Counter
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load as load_tensors

from evonas.errors import ConfigError, UnknownNameError
from evonas.evaluation.data.loading import traits_of
from evonas.evaluation.evaluate import evaluate
from evonas.evaluation.protocol import Protocol, Stage
from evonas.evaluation.variants.base import AbstractVariant
from evonas.evaluation.variants.genome_variant import GenomeVariant
from evonas.networks import Network
from evonas.rules import RULES, rule_layers
from evonas.space import Genome, Space, load
from evonas.study.controls.options import ControlOptions
from evonas.study.controls.variants import plan_controls
from evonas.study.shape import under_rules
from tests.small_run import SMALL_RUN, changed

CHOICES = ("fa", "usf", "brsf", "dfa")


def space_of(name: str = "nas-bench-201", rules: tuple[str, ...] = CHOICES) -> Space:
    return under_rules(load(name).resized(channels=4, cells=1), rules)


@pytest.fixture(scope="module")
def space() -> Space:
    return space_of()


@pytest.fixture(scope="module")
def genome(space: Space) -> Genome:
    """A genome with at least three live convolutions, so that its rules matter."""
    rng = random.Random(4)
    while True:
        drawn = space.sample(rng)
        plan = space.decode(drawn).cells["cell"]
        kinds = [edge.operation.kind for edge in plan.edges if edge.is_live]
        if kinds.count("convolution") >= 3:
            return drawn


def plan(space: Space, genome: Genome, **options: object) -> dict[str, AbstractVariant]:
    chosen = replace(ControlOptions(), **options)  # type: ignore[arg-type]
    return {v.name: v for v in plan_controls(space, genome, chosen, seed=1).variants}


def of(variant: AbstractVariant, seed: int = 5) -> Network:
    return variant.network(traits_of("digits"), seed=seed)


def architecture(variant: AbstractVariant) -> str:
    return variant.text.partition("@")[0]


def test_controls_keep_initial_weights_and_architecture(space: Space, genome: Genome) -> None:
    """No rule changes an initial weight, so controls start from the network's weights."""
    own = dict(of(GenomeVariant("", space, genome)).named_parameters())
    single = plan(space, genome, rules=tuple(RULES), random=2, shuffled=2, architectures=0)
    assert {f"all {rule}" for rule in RULES} <= set(single)
    for name, variant in single.items():
        other = dict(of(variant).named_parameters())
        assert all(torch.equal(other[each], value) for each, value in own.items()), name
        assert architecture(variant).strip() == space.format(genome).partition("@")[0].strip()


def test_first_loss_of_every_control_equals_that_of_network(space: Space, genome: Genome) -> None:
    """Weights, order and augmentation are equal, so differences come from learning alone."""
    settings = changed(
        SMALL_RUN, objectives=("params",), images=32, batch=32, epochs=1, attacked_images=5
    )
    protocol = Protocol.of(settings)
    stage = Stage(replicate=2, is_confirmation=True)
    own, _ = evaluate(space, genome, protocol=protocol, stage=stage)
    controls = plan(space, genome, rules=CHOICES, random=2, shuffled=2, architectures=1)
    for name, variant in controls.items():
        found, _ = evaluate(space, genome, protocol=protocol, stage=stage, variant=variant)
        assert (found.failure, found.seed, found.replicate) == (None, own.seed, 2)
        assert (found.key, found.genome) == (f"{own.key} {name}", variant.text)
        is_equal = found.losses == own.losses
        assert is_equal == (not name.startswith("random architecture")), name


def test_single_rule_controls_have_one_rule_in_every_layer(space: Space, genome: Genome) -> None:
    for rule, name in (("bp", "all bp"), ("fa", "all fa"), ("kp", "all kp")):
        variant = plan(space, genome, rules=("fa", "kp"))[name]
        assert isinstance(variant, GenomeVariant)
        layers = rule_layers(of(variant)).values()
        assert {layer.rule.name for layer in layers} == {rule}


def assigned(space: Space, genome: Genome) -> list[str]:
    """The rules of the active layers, in order."""
    flags = space.is_active(genome)
    return [
        gene.choices[value]
        for gene, value, is_active in zip(space.genes, genome.values, flags, strict=True)
        if gene.kind == "rule" and is_active
    ]


def test_shuffled_rules_are_distinct_permutations_of_network_rules(
    space: Space, genome: Genome
) -> None:
    mine, seen = assigned(space, genome), {space.key(genome)}
    controls = plan(space, genome, random=0, shuffled=4, architectures=0)
    shuffled = [v for n, v in controls.items() if n.startswith("shuffled")]
    assert len(shuffled) == 4
    for variant in shuffled:
        assert isinstance(variant, GenomeVariant)
        theirs = assigned(variant.space, variant.genome)
        assert sorted(theirs) == sorted(mine)
        key = variant.space.key(variant.genome)
        assert key not in seen
        seen.add(key)


def test_random_rules_are_drawn_uniformly_from_run_rules(space: Space, genome: Genome) -> None:
    controls = plan(space, genome, random=60, shuffled=0, architectures=0)
    drawn: Counter[str] = Counter()
    for name, variant in controls.items():
        if name.startswith("random rules"):
            assert isinstance(variant, GenomeVariant)
            drawn.update(
                gene.choices[value]
                for gene, value in zip(space.genes, variant.genome.values, strict=True)
                if gene.kind == "rule"
            )
    total = sum(drawn.values())
    assert set(drawn) == set(CHOICES)
    assert all(
        abs(count / total - 0.25) < 4 * (0.25 * 0.75 / total) ** 0.5 for count in drawn.values()
    )


def test_random_architectures_keep_rule_shares_and_are_live(space: Space, genome: Genome) -> None:
    mine = Counter(assigned(space, genome))
    controls = plan(space, genome, random=0, shuffled=0, architectures=40)
    some = [v for n, v in controls.items() if n.startswith("random architecture")]
    drawn: Counter[str] = Counter()
    for variant in some:
        assert isinstance(variant, GenomeVariant)
        assert not variant.space.decode(variant.genome).cells["cell"].is_zero
        drawn.update(
            gene.choices[value]
            for gene, value in zip(space.genes, variant.genome.values, strict=True)
            if gene.kind == "rule"
        )
    assert len({architecture(v) for v in some}) > 30
    total = sum(drawn.values())
    for rule in CHOICES:
        share = mine[rule] / sum(mine.values())
        assert abs(drawn[rule] / total - share) <= 4 * (share * (1 - share) / total) ** 0.5


def test_untrained_convolutions_train_only_the_classifier(space: Space, genome: Genome) -> None:
    variant = plan(space, genome)["untrained convolutions"]
    settings = changed(SMALL_RUN, objectives=("acc",), images=64, batch=16, epochs=2)
    found, weights = evaluate(space, genome, protocol=Protocol.of(settings), variant=variant)
    assert found.failure is None
    before = dict(variant.network(traits_of("digits"), seed=found.seed).named_parameters())
    after = load_tensors(weights)
    moved = {name for name, value in before.items() if not torch.equal(after[name], value)}
    assert moved == {"classifier.weight", "classifier.bias"}
    assert found.weights_by_rule == {"bp": before["classifier.weight"].numel()}


def test_plans_are_deterministic_and_larger_ones_extend_smaller(
    space: Space, genome: Genome
) -> None:
    few, many = plan(space, genome, random=2), plan(space, genome, random=4)
    assert plan(space, genome, random=2) == few
    assert all(many[name] == variant for name, variant in few.items())


def test_impossible_controls_are_left_out_with_reasons() -> None:
    single = space_of("tiny", ("usf",))
    one = Genome((1, 0, 1, 0, 1, 0, 0))
    planned = plan_controls(single, one, ControlOptions(), seed=0)
    names = {v.name for v in planned.variants}
    assert "all bp" in names
    assert "all usf" not in names
    reasons = " | ".join(planned.left_out)
    assert "all usf: identical to the network" in reasons
    assert "shuffled rules: all layers of the network have one rule" in reasons
    assert "random rules 1: no further ones exist" in reasons


def test_unknown_names_and_numbers_out_of_range_are_rejected(space: Space, genome: Genome) -> None:
    with pytest.raises(UnknownNameError, match="rule"):
        plan(space, genome, rules=("bb",))
    with pytest.raises(UnknownNameError, match="resnet20"):
        plan(space, genome, networks=("resnet21",))
    with pytest.raises(ConfigError, match="replicates: expected a whole number of at least 1"):
        ControlOptions(replicates=0)
    with pytest.raises(ConfigError, match="random: expected a whole number of at least 0"):
        ControlOptions(random=-1)


def test_resnet_controls_are_named_by_network_and_rule(space: Space, genome: Genome) -> None:
    controls = plan(space, genome, networks=("resnet20",), network_rules=("bp", "usf"))
    assert {"resnet20 bp", "resnet20 usf"} <= set(controls)
    assert of(controls["resnet20 usf"]).classifier.rule.name == "usf"
