"""Objectives; oracles: their definitions, counted by hand, and the laws of `robust`."""

import random
from dataclasses import replace
from fractions import Fraction

import pytest
import torch

from evonas.errors import MaskedAttack
from evonas.evaluation.accuracy import accuracy
from evonas.evaluation.attacks.robustness import robust_accuracy
from evonas.evaluation.data.images import Images
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.objectives import ALWAYS_MEASURED, OBJECTIVES, Subject
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.train import train
from evonas.networks import build
from evonas.rules import rule_layers
from evonas.space import load

GENOME = "|nor_conv_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"


@pytest.fixture(scope="module")
def subject() -> Subject:
    data = load_search_data("digits", seed=0)
    space = load("nas-bench-201").resized(channels=4, cells=1).with_rules(("bp", "fa", "usf"))
    text = f"{GENOME} @ " + " ".join(random.Random(0).choices(["bp", "fa", "usf"], k=22))
    network = build(space, space.parse(text), input_shape=(1, 8, 8), num_classes=10, seed=0)
    train(network, data.train, traits=data.traits, recipe=Recipe(epochs=2, batch=32), seed=0)
    return Subject(network, data.validation, data.validation, Fraction(16, 255), 1, (1, 8, 8))


def value(name: str, subject: Subject) -> float:
    return OBJECTIVES[name].value_of(subject).value


def test_accuracy_is_the_share_of_correct_predictions(subject: Subject) -> None:
    right = 0
    with torch.no_grad():
        for pixels, label in zip(
            subject.validation.pixels, subject.validation.labels, strict=True
        ):
            right += int(subject.network(pixels[None] / 255).argmax() == label)
    for batch in (7, 500):
        value = accuracy(subject.network, subject.validation, batch=batch)
        assert value == pytest.approx(right / len(subject.validation), abs=1e-12)


def test_robust_is_at_most_accuracy_and_falls_with_epsilon(subject: Subject) -> None:
    clean = value("acc", subject)
    radii = [Fraction(0), Fraction(4, 255), Fraction(16, 255), Fraction(64, 255)]
    values = [value("robust", replace(subject, epsilon=radius)) for radius in radii]
    assert values[0] == clean > 0.5
    assert values == sorted(values, reverse=True)
    assert values[-1] <= 0.1


def test_robust_uses_attacked_images_and_attack_seed(subject: Subject) -> None:
    part = Images(subject.validation.pixels[:90], subject.validation.labels[:90])
    small = replace(subject, attacked=part, epsilon=Fraction(24, 255), attack_seed=3)
    expected = robust_accuracy(
        subject.network, part, epsilon=Fraction(24, 255), noise_seed=3
    ).value
    assert OBJECTIVES["robust"].measure(small) == expected


def test_minimised_and_always_measured_objectives() -> None:
    assert {OBJECTIVES[name].cost for name in ALWAYS_MEASURED} == {"free"}
    assert {name for name, o in OBJECTIVES.items() if o.direction == "minimise"} == {
        "params", "flops", "energy", "energy_training", "latency", "ece",
    }  # fmt: skip


def test_robust_of_constant_network_raises_masked_attack(subject: Subject) -> None:
    space = load("nas-bench-201").resized(channels=4, cells=1).with_rules(("bp",))
    dead = space.parse("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|")
    network = build(space, dead, input_shape=(1, 8, 8), num_classes=10, seed=0).eval()
    with pytest.raises(MaskedAttack, match="does not depend on the image"):
        OBJECTIVES["robust"].measure(replace(subject, network=network))


def test_params_and_bio_match_hand_computation(subject: Subject) -> None:
    parameters = list(subject.network.parameters())
    assert OBJECTIVES["params"].measure(subject) == sum(p.numel() for p in parameters)
    layers = rule_layers(subject.network).values()
    weights = sum(layer.weight.numel() for layer in layers)
    transported = sum(layer.weight.numel() for layer in layers if layer.rule.name == "bp")
    assert 0 < transported < weights
    assert OBJECTIVES["bio"].measure(subject) == pytest.approx(1 - transported / weights)


def test_minimised_value_is_smaller_for_better_values() -> None:
    for objective in OBJECTIVES.values():
        better, worse = (0.9, 0.1) if objective.direction == "maximise" else (0.1, 0.9)
        assert objective.minimised(better) < objective.minimised(worse)
