"""Batteries of attacks; oracles: single runs of the attacks, scipy's intervals, counting."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
import torch
from scipy.stats import binomtest
from torch import Tensor, nn

from evonas.evaluation.attacks.attackers import Apgd, OnePixel, Square
from evonas.evaluation.attacks.battery import run as battery_module
from evonas.evaluation.attacks.battery.outcome import Outcome, wilson_interval, worst_cases
from evonas.evaluation.attacks.battery.run import Battery, BatteryResult, run_battery
from evonas.evaluation.attacks.suite import NamedAttack, run_attack, worst_case
from evonas.evaluation.data.images import FloatImages

EPSILONS = (Fraction(8, 255), Fraction(32, 255))
ATTACKS = (
    NamedAttack("apgd", Apgd(num_steps=4)),
    NamedAttack("square", Square(num_queries=20)),
    NamedAttack("pixel", OnePixel(num_pixels=1, population=8, num_generations=3)),
)
BATTERY = Battery(ATTACKS, EPSILONS, seed=3, few_images=5)


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(48, 10), nn.Tanh(), nn.Linear(10, 4))


@pytest.fixture
def images(network: nn.Module) -> FloatImages:
    """Images, some of them misclassified from the start."""
    pixels = torch.rand(24, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    labels = network(pixels).argmax(1)
    labels[::5] = (labels[::5] + 1) % 4
    return FloatImages(pixels, labels)


def run(
    network: nn.Module, images: FloatImages, known: dict[str, Any] | None = None
) -> tuple[BatteryResult, dict[str, Any], list[tuple[int, int]]]:
    recorded: dict[str, Any] = {}
    told: list[tuple[int, int]] = []
    result = run_battery(
        network, images, BATTERY, known=known or {}, record=recorded.__setitem__,
        on_progress=lambda *done: told.append(done),
    )  # fmt: skip
    return result, recorded, told


def flags(bits: str) -> Tensor:
    return torch.tensor([bit == "1" for bit in bits])


def test_network_is_attacked_in_float32(
    network: nn.Module, images: FloatImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    current = ["none"]

    @contextmanager
    def noted(precision: str, *, device_type: str) -> Iterator[None]:
        current.append(f"{precision} on a {device_type}")
        yield
        current.pop()

    monkeypatch.setattr(battery_module, "arithmetic", noted)
    seen: set[str] = set()
    network.register_forward_pre_hook(lambda *_: seen.add(current[-1]))
    run(network, images)
    assert seen == {"fp32 on a cpu"}


def test_each_battery_outcome_equals_the_single_attack(
    network: nn.Module, images: FloatImages
) -> None:
    result, _, _ = run(network, images)
    linf = [each for each in result.outcomes if each.epsilon]
    assert [(o.epsilon, o.attack, o.gradient) for o in linf] == [
        (epsilon, attack, gradient)
        for epsilon in ("8/255", "32/255")
        for attack, gradient in (("apgd", "true"), ("square", "none"))
    ]  # a network without rules has no surrogate gradient
    for each in linf:
        attack = next(a for a in ATTACKS if a.name == each.attack)
        alone = run_attack(network, images, attack, epsilon=Fraction(each.epsilon), seed=3)
        assert torch.equal(flags(each.robust), alone.robust & alone.correct)
        assert torch.equal(flags(each.correct), alone.correct)
        assert each.accuracy == pytest.approx(float((alone.robust & alone.correct).float().mean()))
    (pixel,) = [each for each in result.outcomes if not each.epsilon]
    assert (pixel.attack, pixel.num_images) == ("pixel", 5)


def test_attacks_on_few_images_see_every_class() -> None:
    """Folders of images come class by class, so their first images are all of one class."""
    linear = nn.Linear(48, 3)
    with torch.no_grad():
        linear.weight.zero_()
        linear.bias.copy_(torch.tensor([0.0, 0.0, 1.0]))
    always_two = nn.Sequential(nn.Flatten(), linear)
    labels = torch.tensor([0] * 8 + [1] * 8 + [2] * 16)
    images = FloatImages(torch.rand(32, 3, 4, 4), labels)
    battery = Battery(ATTACKS[2:], (), seed=3, few_images=8)
    result = run_battery(
        always_two, images, battery, known={}, record=lambda *_: None, on_progress=lambda *_: None
    )
    (pixel,) = result.outcomes
    assert pixel.correct == pixel.robust == "00001111"


def test_worst_case_is_per_image_and_per_threat_model(
    network: nn.Module, images: FloatImages
) -> None:
    result, _, _ = run(network, images)
    for worst, epsilon in zip(worst_cases(result.outcomes), EPSILONS, strict=True):
        alone = [
            run_attack(network, images, attack, epsilon=epsilon, seed=3) for attack in ATTACKS[:2]
        ]
        assert torch.equal(flags(worst.robust), worst_case(alone))
    masked = Outcome("apgd", "8/255", "surrogate", "11", "00", 0.0)
    true = Outcome("apgd", "8/255", "true", "11", "10", 0.0)
    other = Outcome("square", "8/255", "none", "11", "01", 0.0)
    assert [each.robust for each in worst_cases([masked, true])] == ["10"]
    assert [each.robust for each in worst_cases([true, other])] == ["00"]
    assert true.clean == 1.0


def test_known_results_are_not_attacked_again(network: nn.Module, images: FloatImages) -> None:
    whole, recorded, told = run(network, images)
    assert told == [(number, len(recorded)) for number in range(len(recorded) + 1)]
    for cut in range(len(recorded) + 1):
        known = dict(list(recorded.items())[:cut])
        again, new, _ = run(network, images, known)
        assert list(new) == list(recorded)[cut:]
        assert timeless(again) == timeless(whole)

    def broken(_: Tensor) -> Tensor:
        raise AssertionError

    network.forward = broken
    assert timeless(run(network, images, recorded)[0]) == timeless(whole)


def timeless(result: BatteryResult) -> tuple[Any, ...]:
    outcomes = [(o.attack, o.epsilon, o.gradient, o.robust) for o in result.outcomes]
    return outcomes, {name: each.as_document() for name, each in result.masking.items()}


def test_calls_with_other_radii_or_attacks_add_to_known_outcomes(
    network: nn.Module, images: FloatImages
) -> None:
    """Oracle: one call with everything."""
    whole, _, _ = run(network, images)
    known: dict[str, Any] = {}
    calls = ((ATTACKS[:1], EPSILONS[1:]), (ATTACKS, EPSILONS[:1]), (ATTACKS[1:], EPSILONS[1:]))
    for attacks, epsilons in calls:
        result = run_battery(
            network, images, replace(BATTERY, attacks=attacks, epsilons=epsilons),
            known=known, record=known.__setitem__, on_progress=lambda *_: None,
        )  # fmt: skip
    assert rows(result) == rows(whole)
    assert [each.epsilon for each in result.outcomes] == [each.epsilon for each in whole.outcomes]
    assert timeless(result)[1] == timeless(whole)[1]  # square_gap compares all attacks, too


def rows(result: BatteryResult) -> set[tuple[str, str, str]]:
    return {(each.epsilon, each.attack, each.robust) for each in result.outcomes}


def test_wilson_interval_matches_scipy() -> None:
    for right, count in ((0, 7), (3, 7), (7, 7), (500, 1000), (1, 100)):
        expected = binomtest(right, count).proportion_ci(0.95, method="wilson")
        low, high = wilson_interval(right / count, count)
        assert low == pytest.approx(expected.low, abs=2e-5)
        assert high == pytest.approx(expected.high, abs=2e-5)
