"""Benches with noise: random values, counted evaluations, and the true value of a front."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev

import pytest

from evonas.benchmarking.bench import BenchPlan, run_engine
from evonas.benchmarking.benchmark import Benchmark, Goal
from evonas.benchmarking.noise import Noise
from evonas.benchmarking.noisy_bench import NoisyPlan, run_noisy_bench, run_noisy_engine
from evonas.benchmarking.noisy_scores import NoisyScore, score_front, write_noisy_scores
from evonas.benchmarking.scores import BenchScore, read_scores
from evonas.errors import ConfigError
from evonas.search.replicates.estimate import Estimate
from evonas.search.replicates.trial import Trial

from .conftest import ARCHITECTURES, Cells, arch

CELLS: Cells = {
    name: (name.count("conv") * 10.0 - i, name.count("conv") * 100.0 + i)
    for i, name in enumerate(ARCHITECTURES)
}
GOAL = Goal(("acc",), ("params",))
PLAN = BenchPlan(algorithms=("nsga2", "random"), seeds=(3, 4), checkpoints=(5, 9), population=4)
NOISY = NoisyPlan(PLAN, Noise({"acc": 2.0, "params": 5.0}), replicates=1)


@pytest.fixture
def benchmark(make_benchmark: Callable[..., Benchmark]) -> Benchmark:
    return make_benchmark(CELLS, ("acc", "params"), GOAL)


def test_noise_is_centred_on_table_with_given_deviation(
    benchmark: Benchmark,
) -> None:
    genome = benchmark.problem.parse(arch("conv", "skip", "conv"))
    noise = Noise({"acc": 2.0})
    told = [noise.told(benchmark, Trial(genome, k), seed=1) for k in range(2000)]
    truth = benchmark.vector(genome)
    assert truth is not None
    losses = [vector[0] for vector in told if vector is not None]
    assert mean(losses) == pytest.approx(truth[0], abs=4 * 2.0 / 2000**0.5)
    assert stdev(losses) == pytest.approx(2.0, rel=4 / 4000**0.5)
    assert {vector[1] for vector in told if vector is not None} == {truth[1]}


def test_noise_depends_only_on_seed_function_and_replicate(benchmark: Benchmark) -> None:
    def told(name: str, replicate: int, seed: int) -> float:
        genome = benchmark.problem.parse(name)
        vector, truth = (
            NOISY.noise.told(benchmark, Trial(genome, replicate), seed=seed),
            benchmark.vector(genome),
        )
        assert vector is not None
        assert truth is not None
        return vector[0] - truth[0]

    one = arch("conv", "skip", "conv")
    drawn = [told(one, 0, 1), told(one, 1, 1), told(one, 0, 2), told(arch(*["conv"] * 3), 0, 1)]
    assert len(set(drawn)) == 4
    assert told(one, 0, 1) == drawn[0]
    # two texts of one function differ in the table, but not in their noise
    alike = [arch("none", "conv", "none"), arch("skip", "conv", "none")]
    assert len({benchmark.problem.key(benchmark.problem.parse(name)) for name in alike}) == 1
    assert told(alike[0], 0, 1) == pytest.approx(told(alike[1], 0, 1))


def test_noise_free_single_replicate_matches_plain_bench(benchmark: Benchmark) -> None:
    quiet = replace(NOISY, noise=Noise({"acc": 0.0}))
    for name in ("nsga2", "random"):
        plain = run_engine(benchmark, PLAN, algorithm=name, seed=3)
        for record, score in zip(
            run_noisy_engine(benchmark, quiet, algorithm=name, seed=3), plain, strict=True
        ):
            assert record.archive == record.returned == score.score
            assert record.claimed == pytest.approx(score.score)
            assert record.optimism == {"acc": 0.0, "params": 0.0}


def test_every_replicate_counts_as_evaluation(benchmark: Benchmark) -> None:
    asked: list[Trial] = []

    class Counting(Noise):
        def told(
            self, benchmark: Benchmark, trial: Trial, *, seed: int
        ) -> tuple[float, ...] | None:
            asked.append(trial)
            return super().told(benchmark, trial, seed=seed)

    threefold = replace(NOISY, noise=Counting({"acc": 2.0}), replicates=3)
    run_noisy_engine(benchmark, threefold, algorithm="random", seed=0)
    counts = threefold.plan.checkpoints
    assert len(asked) == sum(counts)  # each checkpoint is a separate run
    ended = asked[-counts[-1] :]
    assert len(set(ended)) == counts[-1]
    assert max(trial.replicate for trial in ended) == 2


def test_returned_front_is_scored_by_true_and_claimed_values(
    make_benchmark: Callable[..., Benchmark],
) -> None:
    a, b = arch("conv", "conv", "conv"), arch("conv", "skip", "conv")
    far: Cells = dict.fromkeys(ARCHITECTURES, (1.0, 9.0))
    benchmark = make_benchmark({**far, a: (9.0, 1.0), b: (8.0, 0.0)}, ("acc", "params"), GOAL)
    genome = benchmark.problem.parse(b)  # truly (1, 0) in units of the front
    said = Estimate(genome, (-8.5, 0.2), None, 1, 0, 0.0, True)  # it claims (0.5, 0.2)
    record = score_front(benchmark, [said], [genome], algorithm="x", seed=1, evaluations=1)
    whole = 2 * 1.1 * 0.1 - 0.1 * 0.1
    assert record.returned == pytest.approx(0.1 * 1.1 / whole)
    assert record.archive == pytest.approx(0.1 * 1.1 / whole)
    assert record.claimed == pytest.approx(0.6 * 0.9 / whole)
    assert record.optimism == pytest.approx({"acc": 0.5, "params": -0.2})


def test_single_objective_scores_the_returned_choice(
    make_benchmark: Callable[..., Benchmark],
) -> None:
    benchmark = make_benchmark(CELLS, ("acc", "params"), Goal(("acc",), ()))
    best, other = (benchmark.problem.parse(name) for name in (ARCHITECTURES[-1], ARCHITECTURES[0]))
    truths = [benchmark.vector(genome) for genome in (best, other)]
    assert truths[0] is not None
    assert truths[1] is not None
    said = Estimate(other, (-50.0,), None, 1, 0, 0.0, True)
    record = score_front(benchmark, [said], [other, best], algorithm="x", seed=1, evaluations=2)
    assert record.returned == -truths[1][0]
    assert record.archive == max(-truths[0][0], -truths[1][0])
    assert record.claimed == 50.0
    assert record.optimism == {"acc": pytest.approx(50.0 + truths[1][0])}


def test_pool_gives_the_noisy_records_of_one_process(benchmark: Benchmark) -> None:
    def key(records: list[NoisyScore]) -> tuple[str, int]:
        return records[0].algorithm, records[0].seed

    noisy = replace(NOISY, replicates=None)
    alone = sorted(run_noisy_bench(benchmark, noisy, workers=1), key=key)
    assert sorted(run_noisy_bench(benchmark, noisy, workers=2), key=key) == alone


def test_noisy_records_are_written_and_read_by_returned_score(tmp_path: Path) -> None:
    record = NoisyScore("evonas", 2, 200, 0.5, 0.6, 0.7, {"acc": 0.25})
    write_noisy_scores([record], tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text()) == [
        {
            "algorithm": "evonas",
            "seed": 2,
            "evaluations": 200,
            "returned": 0.5,
            "archive": 0.6,
            "claimed": 0.7,
            "optimism": {"acc": 0.25},
        }
    ]
    assert read_scores(tmp_path / "out.json") == [BenchScore("evonas", 2, 200, "returned", 0.5)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("acc", "noise: expected column=standard deviation"),
        ("", "noise: expected column=standard deviation"),
        ("acc=", "noise: expected column=standard deviation"),
        ("acc=much", "noise: expected column=standard deviation"),
        ("acc=nan", "noise: expected column=standard deviation"),
        ("acc=1,", "noise: expected column=standard deviation"),
        ("=1", "noise: expected column=standard deviation"),
        ("acc=-1", "noise: expected a standard deviation of at least 0 for 'acc', got -1"),
        ("acc=inf", "noise: expected a standard deviation of at least 0 for 'acc', got inf"),
        ("ac=1", "noise: 'ac' is not an objective; did you mean 'acc'"),
        ("acc=1,acc=2", "noise: 'acc' is named twice"),
    ],
)
def test_invalid_noise_is_rejected(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Noise.parse(text, columns=("acc", "params"))


def test_noise_is_parsed_per_column() -> None:
    noise = Noise.parse(" acc = 0.5 , params=3e-1", columns=("acc", "params"))
    assert noise == Noise({"acc": 0.5, "params": 0.3})
