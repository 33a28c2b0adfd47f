"""What a run is said to need: sums made by hand from what each candidate is said to need."""

import pytest

from evonas.api.checks.forecast import RunForecast, forecast_run, mean_epochs
from evonas.errors import ConfigError
from evonas.evaluation.forecasting.candidate_forecast import CandidateForecast
from evonas.networks import build, count_parameters
from evonas.space import load
from tests.small_run import SMALL_RUN


class Ticking:
    """A second goes by between two looks at it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def candidate(training: float, objectives: float, peak: int) -> CandidateForecast:
    return CandidateForecast("", 1, 1, peak, 0.1, training, objectives, 1.0)


def test_a_run_takes_the_mean_of_its_candidates_for_each_evaluation() -> None:
    candidates = candidate(10.0, 2.0, 100), candidate(20.0, 4.0, 300)
    run = RunForecast(candidates, evaluations=50, workers=2, cores=4, epochs_share=1.0)
    assert run.seconds == pytest.approx(50 * 18.0 / 2)
    assert run.peak_bytes == 2 * 300
    crowded = RunForecast(candidates, evaluations=50, workers=8, cores=4, epochs_share=0.5)
    assert crowded.seconds == pytest.approx(50 * (7.5 + 3.0) / 4)


def test_of_three_rungs_one_third_and_one_ninth_go_on() -> None:
    assert mean_epochs((1, 3, 9), eta=3) == pytest.approx(1 + 2 / 3 + 6 / 9)
    assert mean_epochs((12,), eta=3) == 12


def test_the_steps_of_a_run_are_counted_and_each_takes_what_the_clock_says() -> None:
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


def test_a_named_genome_is_the_one_that_is_looked_at() -> None:
    text = "|skip~0|+|conv_3x3~1|+|skip~2| @ fa*2"
    settings = SMALL_RUN.with_values({"space": "tiny", "rules": ("fa",)})
    (found,) = forecast_run(settings, genome=text, clock=Ticking()).candidates
    space = load("tiny").resized(channels=4, cells=1).with_rules(("fa",))
    network = build(space, space.parse(text), input_shape=(1, 8, 8), num_classes=10, seed=0)
    assert found.parameters == count_parameters(network)


def test_an_empty_sample_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least 1 candidate, got 0"):
        forecast_run(SMALL_RUN, sample=0)
