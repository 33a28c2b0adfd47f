"""Time forecasts under a fake clock; no real time is measured."""

import statistics
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest
import torch

from evonas.errors import MaskedAttack
from evonas.evaluation.data.images import Images, SearchData
from evonas.evaluation.forecasting.step_time import (
    WARM_UP_STEPS,
    objective_seconds,
    seconds_of_calls,
)
from evonas.evaluation.objectives import OBJECTIVES, Objective, Subject
from evonas.networks import build
from evonas.space import load


class Clock:
    """A fake clock that tests advance."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def subject(digits: SearchData) -> Subject:
    space = load("tiny").resized(channels=4, cells=1).with_rules(("fa",))
    genome = space.parse("|skip~0|+|skip~1|+|skip~2| @ fa*2")
    network = build(space, genome, input_shape=(1, 8, 8), num_classes=10, seed=0)
    few = digits.validation.subset(torch.arange(200))
    attacked = digits.validation.subset(torch.arange(40))
    return Subject(network, few, attacked, Fraction(1, 255), 0, (1, 8, 8))


def taking(
    clock: Clock, seconds: Callable[[Images], float], *, cost: str = "forward"
) -> Objective:
    """An objective that takes ``seconds`` for its images on the fake clock."""

    def measure(of: Subject) -> float:
        clock.now += seconds(of.attacked if cost == "attack" else of.validation)
        return 0.5

    return replace(OBJECTIVES["acc"], cost=cost, measure=measure, bound=None)  # type: ignore[arg-type]


def test_time_per_image_is_scaled_to_all_images(digits: SearchData) -> None:
    clock = Clock()
    objective = taking(clock, lambda images: 3.0 + 0.25 * len(images))
    found = objective_seconds(objective, subject(digits), clock=clock)
    assert found == pytest.approx(3.0 + 0.25 * 200)


def test_fixed_time_is_counted_once(digits: SearchData) -> None:
    clock = Clock()
    objective = taking(clock, lambda _: 7.0)
    assert objective_seconds(objective, subject(digits), clock=clock) == pytest.approx(7.0)


def test_attack_time_is_scaled_to_the_attacked_images(digits: SearchData) -> None:
    clock = Clock()
    objective = taking(clock, lambda images: 0.5 * len(images), cost="attack")
    assert objective_seconds(objective, subject(digits), clock=clock) == pytest.approx(20.0)


def test_objective_is_timed_despite_masked_attack(digits: SearchData) -> None:
    clock = Clock()

    def measure(of: Subject) -> float:
        clock.now += len(of.validation)
        raise MaskedAttack("no gradient")

    objective = replace(OBJECTIVES["acc"], measure=measure)
    assert objective_seconds(objective, subject(digits), clock=clock) == pytest.approx(200.0)


def test_call_times_exclude_the_warm_up() -> None:
    clock = Clock()
    durations = iter([100.0] * WARM_UP_STEPS + [2.0, 2.0, 7.0, 2.0, 2.0])

    def call() -> None:
        clock.now += next(durations)

    assert statistics.fmean(seconds_of_calls(call, clock=clock)) == 3.0
