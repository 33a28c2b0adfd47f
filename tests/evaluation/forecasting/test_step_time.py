"""Seconds by a clock that the test winds: laws, no time is measured."""

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
    """Goes on only when it is told to."""

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
    """An objective that takes so long for these images."""

    def measure(of: Subject) -> float:
        clock.now += seconds(of.attacked if cost == "attack" else of.validation)
        return 0.5

    return replace(OBJECTIVES["acc"], cost=cost, measure=measure, bound=None)  # type: ignore[arg-type]


def test_what_grows_with_the_images_is_scaled_to_all_of_them(digits: SearchData) -> None:
    clock = Clock()
    objective = taking(clock, lambda images: 3.0 + 0.25 * len(images))
    found = objective_seconds(objective, subject(digits), clock=clock)
    assert found == pytest.approx(3.0 + 0.25 * 200)


def test_what_does_not_grow_is_counted_once(digits: SearchData) -> None:
    clock = Clock()
    objective = taking(clock, lambda _: 7.0)
    assert objective_seconds(objective, subject(digits), clock=clock) == pytest.approx(7.0)


def test_an_attack_takes_as_long_as_its_own_images(digits: SearchData) -> None:
    clock = Clock()
    objective = taking(clock, lambda images: 0.5 * len(images), cost="attack")
    assert objective_seconds(objective, subject(digits), clock=clock) == pytest.approx(20.0)


def test_a_network_that_cannot_be_attacked_yet_is_timed_all_the_same(digits: SearchData) -> None:
    clock = Clock()

    def measure(of: Subject) -> float:
        clock.now += len(of.validation)
        raise MaskedAttack("no gradient")

    objective = replace(OBJECTIVES["acc"], measure=measure)
    assert objective_seconds(objective, subject(digits), clock=clock) == pytest.approx(200.0)


def test_the_mean_counts_every_call_but_the_first() -> None:
    clock = Clock()
    durations = iter([100.0] * WARM_UP_STEPS + [2.0, 2.0, 7.0, 2.0, 2.0])

    def call() -> None:
        clock.now += next(durations)

    assert statistics.fmean(seconds_of_calls(call, clock=clock)) == 3.0
