"""Forecasts of runs, computed by hand from forecasts of candidates."""

import pytest

from evonas.api.checks.forecast import RunForecast, forecast_run, mean_epochs
from evonas.errors import ConfigError
from evonas.evaluation.forecasting.candidate_forecast import CandidateForecast
from evonas.networks import build, count_parameters
from evonas.space import load
from tests.small_run import SMALL_RUN


class Ticking:
    """A clock that advances by one second with each reading."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def candidate(training: float, objectives: float, peak: int) -> CandidateForecast:
    return CandidateForecast("", 1, 1, peak, 0.1, training, objectives, 1.0)


def test_run_forecast_scales_mean_candidate_time_by_evaluations() -> None:
    candidates = candidate(10.0, 2.0, 100), candidate(20.0, 4.0, 300)
    run = RunForecast(candidates, evaluations=50, workers=2, cores=4, epochs_share=1.0)
    assert run.seconds == pytest.approx(50 * 18.0 / 2)
    assert run.peak_bytes == 2 * 300
    crowded = RunForecast(candidates, evaluations=50, workers=8, cores=4, epochs_share=0.5)
    assert crowded.seconds == pytest.approx(50 * (7.5 + 3.0) / 4)


def test_mean_epochs_of_successive_halving_match_hand_computation() -> None:
    assert mean_epochs((1, 3, 9), eta=3) == pytest.approx(1 + 2 / 3 + 6 / 9)
    assert mean_epochs((12,), eta=3) == 12


def test_forecast_counts_training_steps_and_uses_given_clock() -> None:
    settings = SMALL_RUN.with_values({"epochs": 3, "batch": 50, "images": 120})
    seen: list[tuple[int, int]] = []
    found = forecast_run(
        settings, sample=2, clock=Ticking(), on_progress=lambda *n: seen.append(n)
    )
    for each in found.candidates:
        assert each.step_seconds == 1.0
        assert each.training_seconds == 3 * 2  # 120 images are two whole batches
        assert each.latency_milliseconds == 1000.0
    assert seen == [(0, 2), (1, 2), (2, 2)]
    assert len({each.text for each in found.candidates}) == 2


def test_forecast_of_given_genome_uses_that_genome() -> None:
    text = "|skip~0|+|conv_3x3~1|+|skip~2| @ fa*2"
    settings = SMALL_RUN.with_values({"space": "tiny", "rules": ("fa",)})
    (found,) = forecast_run(settings, genome=text, clock=Ticking()).candidates
    space = load("tiny").resized(channels=4, cells=1).with_rules(("fa",))
    network = build(space, space.parse(text), input_shape=(1, 8, 8), num_classes=10, seed=0)
    assert found.parameters == count_parameters(network)


def test_empty_sample_is_rejected() -> None:
    with pytest.raises(ConfigError, match="at least 1 candidate, got 0"):
        forecast_run(SMALL_RUN, sample=0)
