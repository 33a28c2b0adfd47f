"""Latency; oracles: a fake clock, and the spread of simulated medians."""

import statistics
from collections.abc import Iterator

import numpy as np
import pytest

from evonas.evaluation.objectives.latency import (
    TIMED_PASSES,
    WARM_UP_PASSES,
    median_error,
    median_milliseconds,
)


def test_latency_is_the_median_without_warm_up() -> None:
    passes = [0]
    # the first passes are slow, as in reality; one later pass is delayed by something else
    slow = dict.fromkeys(range(1, WARM_UP_PASSES + 1), 9.0) | {20: 9.0}

    def run() -> None:
        passes[0] += 1

    def seconds() -> Iterator[float]:
        now = 0.0
        while True:
            yield now
            now += slow.get(passes[0], 0.001 * (2 + passes[0] % 3))
            yield now

    clock = seconds()
    found = median_milliseconds(run, seconds=lambda: next(clock))
    assert passes[0] == WARM_UP_PASSES + TIMED_PASSES
    timed = [
        1e3 * slow.get(number, 0.001 * (2 + number % 3))
        for number in range(WARM_UP_PASSES + 1, passes[0] + 1)
    ]
    assert found.value == pytest.approx(statistics.median(timed))
    assert found.value < 4.001


@pytest.mark.parametrize("draw", ["normal", "exponential"])
def test_median_error_matches_the_spread_of_medians(draw: str) -> None:
    generator = np.random.default_rng(0)
    samples = getattr(generator, draw)(size=(4000, TIMED_PASSES))
    spread = float(np.median(samples, axis=1).std())
    errors = [median_error(list(sample)) for sample in samples]
    assert statistics.fmean(errors) == pytest.approx(spread, rel=0.1)


def test_outliers_do_not_change_the_median_error() -> None:
    steady = [1.0 + 0.001 * n for n in range(TIMED_PASSES)]
    disturbed = [*steady[:-3], 50.0, 60.0, 70.0]
    assert median_error(disturbed) == pytest.approx(median_error(steady))
    assert median_error([1.0] * TIMED_PASSES) == 0.0
