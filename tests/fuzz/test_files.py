"""Configurations, tables and bench records, in which any byte may be changed."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evonas.benchmarking.benchmark import Benchmark, Goal
from evonas.benchmarking.comparison import compare_records
from evonas.benchmarking.scores import read_scores
from evonas.benchmarking.table import read_table
from evonas.errors import EvonasError, InputError
from evonas.settings import SETTINGS, Settings
from evonas.settings.checks import check_settings
from evonas.settings.reading import read_settings
from evonas.space import load
from evonas.strict_yaml import dump_yaml
from evonas.study.config import config_text, read_given, read_sources, read_versions
from tests.fuzz.inputs import (
    ODD,
    broken,
    check_refusal,
    documents,
    encodable,
    fuzzed,
    odd_tokens,
    seeds,
)
from tests.small_run import SMALL_RUN

CONFIG = config_text(SMALL_RUN, versions={"evonas": "0.1.0", "torch": "2.14.1"})
values = odd_tokens | documents | st.sampled_from(["fa", "acc", "digits", "16/255", "3", "auto"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@fuzzed
@given(seed=seeds, some=st.dictionaries(st.sampled_from([*SETTINGS, "sead"]), values, max_size=3))
def test_fuzzed_configuration_is_read_or_rejected(
    folder: Path, seed: int, some: dict[str, Any]
) -> None:
    rng = random.Random(seed)
    path = folder / "config.yaml"
    if rng.random() < 0.5:
        text = broken(CONFIG, rng=rng, others=list(SETTINGS))
    else:
        text = CONFIG if rng.random() < 0.5 else ""
        text += dump_yaml(some) if some else ""
    path.write_text(encodable(text), encoding="utf-8")
    for read in (lambda: read_versions(folder), lambda: read_sources(folder)):
        try:
            read()
        except EvonasError as problem:
            check_refusal(problem)
    try:
        settings = read_settings(read_given(path), on_top_of=Settings(), where=str(path))
        check_settings(settings)
    except InputError as problem:
        check_refusal(problem)


TABLE_SPACE = load("nas-bench-201")


def table(rng: random.Random) -> str:
    rows = ["arch,top,params"]
    for _ in range(rng.randrange(5)):
        arch = TABLE_SPACE.format(TABLE_SPACE.sample(rng)).split()[0]
        rows.append(f"{arch},{rng.random():.3f},{rng.randrange(10**6)}")
    return "\n".join(rows) + "\n"


@fuzzed
@given(seed=seeds, data=st.binary(max_size=80))
def test_fuzzed_table_is_read_or_rejected(folder: Path, seed: int, data: bytes) -> None:
    rng = random.Random(seed)
    path = folder / rng.choice(("table.csv", "table.csv", "table.csv.gz"))
    text = broken(table(rng), rng=rng, others=[*ODD, "arch", "top", "params"])
    written = data if rng.random() < 0.1 else text.encode("utf-8", "surrogatepass")
    path.write_bytes(written)
    try:
        goal = Goal(("top",), ("params",))
        benchmark = Benchmark(TABLE_SPACE, read_table(path, goal.columns), goal=goal, name="fuzz")
    except InputError as problem:
        check_refusal(problem)
        return
    assert len(benchmark) > 0


RECORDS = [
    {"algorithm": name, "seed": seed, "evaluations": count, "hv_share": 0.5}
    for name in ("nsga2", "random") for seed in (0, 1) for count in (10, 100)
]  # fmt: skip


@fuzzed
@given(seed=seeds, whole=documents, part=documents)
def test_fuzzed_bench_records_are_read_or_rejected(
    folder: Path, seed: int, whole: Any, part: Any
) -> None:
    rng = random.Random(seed)
    path = folder / "records.json"
    form = rng.randrange(4)
    if form == 0:
        text = json.dumps(whole, default=str)
    elif form == 1:
        rows = [dict(row) for row in RECORDS]
        rng.choice(rows)[rng.choice((*RECORDS[0], "value"))] = part
        text = json.dumps(rows, default=str)
    else:
        text = broken(json.dumps(RECORDS, indent=0), rng=rng, others=["NaN", "Infinity", "1e999"])
    path.write_text(encodable(text), encoding="utf-8")
    try:
        found = compare_records({"one": read_scores(path)})
        found.summaries()
        found.tests()
    except InputError as problem:
        check_refusal(problem)
