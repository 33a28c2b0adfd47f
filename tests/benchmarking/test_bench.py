"""Engines on a table: what is counted and recorded; workers change nothing."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from evonas.benchmarking.bench import BenchPlan, run_bench, run_engine
from evonas.benchmarking.benchmark import Benchmark, Goal
from evonas.benchmarking.scores import BenchScore, read_scores, summary, write_scores
from evonas.benchmarking.table_signals import table_signals
from evonas.errors import ConfigError, DataError, UnknownNameError
from evonas.search.base import AbstractSearch
from evonas.search.base import AbstractSearch as Base
from evonas.search.signals import InformedProblem
from evonas.space import Genome

from .conftest import ARCHITECTURES, Cells

CELLS: Cells = {
    name: (name.count("conv") * 10.0 - i, name.count("conv") * 100.0 + i)
    for i, name in enumerate(ARCHITECTURES)
}
GOAL = Goal(("acc",), ("params",))
PLAN = BenchPlan(algorithms=("nsga2", "random"), seeds=(3, 4), checkpoints=(2, 5, 9), population=4)


@pytest.fixture
def benchmark(make_benchmark: Callable[..., Benchmark]) -> Benchmark:
    return make_benchmark(CELLS, ("acc", "params"), GOAL)


def test_bench_records_every_engine_seed_and_checkpoint(benchmark: Benchmark) -> None:
    records = [r for found in run_bench(benchmark, PLAN, workers=1) for r in found]
    assert [(r.algorithm, r.seed, r.evaluations) for r in records] == [
        (name, seed, count)
        for name in PLAN.algorithms
        for seed in PLAN.seeds
        for count in PLAN.checkpoints
    ]
    assert {r.measure for r in records} == {"hv_share"}
    for first, second in pairwise(records):
        if (first.algorithm, first.seed) == (second.algorithm, second.seed):
            assert first.score is not None
            assert second.score is not None
            assert 0 <= first.score <= second.score <= 1


def test_checkpoint_score_ignores_later_evaluations(benchmark: Benchmark) -> None:
    for name in PLAN.algorithms:
        whole = run_engine(benchmark, PLAN, algorithm=name, seed=3)
        for record in whole:
            plan = replace(PLAN, checkpoints=(record.evaluations,))
            assert run_engine(benchmark, plan, algorithm=name, seed=3) == [record]


def test_pool_gives_the_records_of_one_process(benchmark: Benchmark) -> None:
    def key(records: list[BenchScore]) -> tuple[str, int]:
        return records[0].algorithm, records[0].seed

    alone = sorted(run_bench(benchmark, PLAN, workers=1), key=key)
    assert sorted(run_bench(benchmark, PLAN, workers=2), key=key) == alone


def test_bench_finishes_after_exhausting_the_space(benchmark: Benchmark) -> None:
    plan = replace(PLAN, checkpoints=(5, 400))
    functions = {benchmark.problem.key(benchmark.problem.parse(name)) for name in ARCHITECTURES}
    assert len(functions) < 27
    reachable = benchmark.score(
        [benchmark.problem.canonical(benchmark.problem.parse(name)) for name in ARCHITECTURES]
    )
    for name in ("nsga2", "random"):
        last = run_engine(benchmark, plan, algorithm=name, seed=0)[-1]
        assert last.evaluations == 400
        assert last.score is not None
        assert reachable is not None
        assert last.score == reachable


@pytest.mark.parametrize(
    ("at_once", "is_sequential", "sizes"),
    [(None, False, [4, 4, 1]), (None, True, [1] * 9), (5, True, [5, 4])],
)
def test_ask_size_follows_engine_kind_and_plan(
    benchmark: Benchmark,
    monkeypatch: pytest.MonkeyPatch,
    at_once: int | None,
    is_sequential: bool,
    sizes: list[int],
) -> None:
    asked: list[int] = []
    ask = Base.ask

    def watched(search: AbstractSearch, count: int) -> list[Genome]:
        asked.append(count)
        return ask(search, count)

    monkeypatch.setattr(Base, "ask", watched)
    monkeypatch.setattr("evonas.search.pymoo_engines.nsga2.Nsga2.is_sequential", is_sequential)
    run_engine(benchmark, replace(PLAN, at_once=at_once), algorithm="nsga2", seed=0)
    assert asked == sizes


def test_incomplete_table_raises_data_error(
    make_benchmark: Callable[..., Benchmark],
) -> None:
    some = make_benchmark(dict(list(CELLS.items())[:3]), ("acc", "params"), GOAL)
    for workers in (1, 2):
        with pytest.raises(DataError, match="no row for"):
            list(run_bench(some, PLAN, workers=workers))


def test_records_round_trip_through_json(tmp_path: Path) -> None:
    records = [
        BenchScore("nsga2", 0, 100, "hv_share", 0.5),
        BenchScore("random", 1, 50, "value", None),
    ]
    write_scores(records, tmp_path / "out.json")
    assert read_scores(tmp_path / "out.json") == records
    text = (tmp_path / "out.json").read_text()
    assert '{"algorithm": "nsga2", "seed": 0, "evaluations": 100, "hv_share": 0.5}' in text


RECORD = '[{"algorithm": "a", "seed": 0, "evaluations": 1, "value": 0.5}]'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "expected a list, got {}"),
        ("[1]", "record 1: expected an object, got 1"),
        ("no json", "Expecting value"),
        ("[" * 100_000, "recursion"),
        (RECORD.replace('"value"', '"worth"'), "record 1: expected one of hv_share, value"),
        (RECORD.replace('"a"', "7"), "record 1: algorithm: expected a text, got 7"),
        (RECORD.replace(" 0,", " -1,"), "seed: expected a whole number of at least 0, got -1"),
        (RECORD.replace(" 0,", " Infinity,"), "seed: expected a whole number .*, got inf"),
        (RECORD.replace(" 1,", " 0,"), "evaluations: expected a whole number of at least 1"),
        (RECORD.replace(" 1,", " false,"), "evaluations: expected a whole number .* got False"),
        (RECORD.replace("0.5", "NaN"), "value: expected a finite number, got nan"),
        (RECORD.replace("0.5", "1e999"), "value: expected a finite number, got inf"),
        (RECORD.replace("0.5", "9" * 400), "value: expected a finite number, got 999"),
    ],
)
def test_malformed_records_are_rejected(tmp_path: Path, text: str, message: str) -> None:
    """Earlier versions accepted 0 evaluations, which have no logarithm, and infinite seeds."""
    path = tmp_path / "out.json"
    path.write_text(RECORD)
    assert len(read_scores(path)) == 1
    path.write_text(text)
    with pytest.raises(DataError, match=rf"not the records of evonas bench: .*{message}"):
        read_scores(path)


def test_summary_is_sample_mean_and_standard_deviation() -> None:
    records = [BenchScore("a", s, 10, "value", v) for s, v in enumerate((1.0, 2.0, 6.0))]
    records += [BenchScore("a", 3, 10, "value", None), BenchScore("b", 0, 10, "value", 4.0)]
    told = summary(records)
    assert told["a"][10] == pytest.approx((3.0, 7**0.5, 3))  # (4 + 1 + 9) / 2
    assert told["b"][10] == (4.0, 0.0, 1)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"algorithms": ("nsg2",)}, UnknownNameError, "did you mean 'nsga2'"),
        ({"algorithms": ()}, ConfigError, "algorithms: expected at least one"),
        ({"algorithms": ("random", "random")}, ConfigError, "'random' is named twice"),
        ({"seeds": ()}, ConfigError, "seeds: expected at least one"),
        ({"checkpoints": (10, 5)}, ConfigError, "expected increasing numbers from 1"),
        ({"checkpoints": (0, 5)}, ConfigError, "expected increasing numbers from 1"),
        ({"population": 1}, ConfigError, "population: expected at least 2, got 1"),
        ({"at_once": 0}, ConfigError, "at-once: expected at least 1, got 0"),
    ],
)
def test_out_of_range_plan_is_rejected(
    change: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        replace(PLAN, **change)  # type: ignore[arg-type]


def test_engines_without_model_ignore_signals(
    benchmark: Benchmark, make_benchmark: Callable[..., Benchmark]
) -> None:
    informed = make_benchmark(CELLS, ("acc", "params"), GOAL)
    signals = table_signals(("free",), benchmark.problem.space)
    informed.searched = InformedProblem(informed.problem, signals)
    for name in PLAN.algorithms:
        plain, told = (
            run_engine(each, PLAN, algorithm=name, seed=3) for each in (benchmark, informed)
        )
        assert plain == told
