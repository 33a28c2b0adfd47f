"""A space of 27 architectures, hand-written tables for it, and made-up runs."""

import csv
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path

import pytest
import yaml

from evonas.benchmarking.benchmark import Benchmark, Goal
from evonas.benchmarking.table import read_table
from evonas.evaluation.record import Evaluation
from evonas.settings import Settings
from evonas.space import Space, from_data, source_text
from evonas.study.create import create_run
from evonas.study.folder import opened_run
from tests.small_run import SMALL_RUN, changed

SPACE = {
    "name": "small",
    "description": "Three edges of three operations.",
    "size": {"channels": 4, "cells": 1},
    "stem": {"kernel": 3, "channels": 1},
    "cells": {
        "cell": {
            "inputs": 1,
            "nodes": 2,
            "graph": "dense",
            "join": "last",
            "operations": {
                "none": {"kind": "zero"},
                "skip": {"kind": "identity"},
                "conv": {"kind": "convolution", "kernel": 3},
            },
        }
    },
    "stages": [{"cell": "cell", "channels": 1}],
    "head": {"norm": True},
    "rules": {"choices": ["fa", "usf"], "granularity": "layer"},
}
OPERATIONS = ("none", "skip", "conv")
Cells = dict[str, tuple[float | str, ...]]


def arch(first: str, second: str, third: str) -> str:
    """The text of an architecture: edges 0-1, 0-2 and 1-2."""
    return f"|{first}~0|+|{second}~0|{third}~1|"


ARCHITECTURES = [arch(*names) for names in product(OPERATIONS, repeat=3)]


@pytest.fixture
def space_file(tmp_path: Path) -> Path:
    """The YAML file of the space."""
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump(SPACE, sort_keys=False))
    return path


@pytest.fixture
def small_space() -> Space:
    """The space, loaded."""
    return from_data(SPACE, where="small")


def write_table(path: Path, cells: Cells, *, columns: tuple[str, ...]) -> Path:
    """Write a CSV file with a row for each architecture of ``cells``."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("arch", *columns))
        writer.writerows((name, *values) for name, values in cells.items())
    return path


@pytest.fixture
def make_benchmark(tmp_path: Path, small_space: Space) -> Callable[..., Benchmark]:
    """Make a benchmark from cells and column names, through a file."""

    def make(cells: Cells, columns: tuple[str, ...], goal: Goal) -> Benchmark:
        path = write_table(tmp_path / "table.csv", cells, columns=columns)
        return Benchmark(small_space, read_table(path, goal.columns), goal=goal, name=str(path))

    return make


@pytest.fixture
def run_config() -> Settings:
    """Configuration of a made-up run."""
    return changed(SMALL_RUN, space="tiny", rules=("fa",))


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    """Make the folder of a run whose candidates have the given values and took 1.5 s each."""

    def make(
        name: str,
        config: Settings,
        values: Sequence[tuple[float, ...] | None],
        *,
        more_of_space: str = "",
    ) -> Path:
        folder = tmp_path / name
        text = source_text(config.problem.space) + more_of_space
        create_run(folder, config, space_text=text)
        with opened_run(folder) as (_, journal):
            keys = [f"key{i}" for i in range(len(values))]
            journal.record_asks([(key, key) for key in keys], generation=0)
            for key, told in reversed(list(zip(keys, values, strict=True))):
                journal.record_tell(_evaluation(key, config.problem.objectives, told))
        return folder

    return make


def _evaluation(key: str, objectives: Sequence[str], told: tuple[float, ...] | None) -> Evaluation:
    values = {} if told is None else dict(zip(objectives, told, strict=True))
    failure = "diverged: at once" if told is None else None
    return Evaluation(key, key, values, {"fa": 1}, (), 1, 1.5, 0, failure)
