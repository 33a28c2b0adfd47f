"""Test whether bfloat16 trains candidates faster on this CPU and ranks them like float32.

    python -m benchmarks.precision_on_cpu runs/precision --dataset cifar10 --data-dir DIR

Random genomes of NAS-Bench-201 (operations and rules) are trained in each precision with two
seeds. Kendall's tau between the two precisions at the same seed is compared with the tau between
the two seeds in float32, which is an upper limit for the agreement of rankings. Before that, the
steps of the same genomes are timed in turn: fp32, bf16, fp32, bf16, ... on one thread. Results in
the folder are reused.
"""

import argparse
import json
import platform
import random
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import kendalltau

import evonas
from benchmarks.support.resampling import central_90
from benchmarks.support.sections import RESULTS, write_section
from evonas.evaluation.data.loading import traits_of
from evonas.evaluation.forecasting.step_time import step_seconds
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.variants.genome_variant import GenomeVariant
from evonas.settings.machine import Precision
from evonas.space import Space, load

RULES = ("bp", "fa", "usf", "frsf", "brsf", "kp", "dfa")
PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16")
REPLICATES = (0, 1)
ROUNDS = 5  # rounds of timing, each in both precisions
OBJECTIVES = ("acc", "robust")
RESAMPLES = 2000
BUDGETS: dict[str, dict[str, Any]] = {
    "digits": {"channels": 8, "cells": 1, "batch": 32},
    "cifar10": {"channels": 16, "cells": 1, "batch": 64, "epochs": 4, "images": 2000},
}


def timed(space: Space, text: str, *, dataset: str, batch: int) -> dict[str, list[float]]:
    """CPU seconds per step for each precision, round by round."""
    own = GenomeVariant("", space, space.parse(text))
    seconds: dict[str, list[float]] = {name: [] for name in PRECISIONS}
    for _ in range(ROUNDS):
        for name in PRECISIONS:
            one = step_seconds(
                own, traits=traits_of(dataset), recipe=Recipe(1, batch), precision=name
            )
            seconds[name].append(one)
    return seconds


def values(
    text: str, precision: str, replicate: int, settings: dict[str, Any]
) -> dict[str, float]:
    """Measured values of a training; empty if it failed."""
    trained = evonas.evaluate(
        "nas-bench-201", text, rules=RULES, objectives=OBJECTIVES, device="cpu",
        precision=precision, replicate=replicate, **settings,
    )  # fmt: skip
    return trained.values if trained.network is not None else {}


def looked_at(folder: Path, space: Space, count: int, settings: dict[str, Any]) -> Iterator[Any]:
    """Yield the record of each candidate, measured if it is missing in the folder."""
    size = {"dataset": settings["dataset"], "batch": settings["batch"]}
    for number in range(count):
        path = folder / f"{settings['dataset']}-{number:03}.json"
        if not path.exists():
            text = space.format(space.sample(random.Random(number)))
            record = {"genome": text, "seconds": timed(space, text, **size)}
            for name in PRECISIONS:
                for replicate in REPLICATES:
                    record[f"{name} {replicate}"] = values(text, name, replicate, settings)
            path.write_text(json.dumps(record))
        print(f"{number + 1} of {count}", flush=True)
        yield json.loads(path.read_text())


def tau(records: list[Any], pairs: list[tuple[str, str]], objective: str) -> str:
    """Mean tau over pairs of trainings, with the 90 % interval of a bootstrap over genomes."""
    tables = [
        np.array([[record[one][objective], record[other][objective]] for record in records])
        for one, other in pairs
    ]

    def mean(some: Any) -> float:
        return statistics.fmean(kendalltau(*table[some].T).statistic for table in tables)

    low, high = central_90(mean, count=len(records), num_resamples=RESAMPLES)
    return f"{mean(slice(None)):.2f} [{low:.2f}, {high:.2f}]"


def ratios(records: list[Any]) -> str:
    """Ratio of times in float32 and bfloat16: median, minimum and maximum over genomes."""
    found = [
        statistics.median(record["seconds"]["fp32"]) / statistics.median(record["seconds"]["bf16"])
        for record in records
    ]
    return f"{statistics.median(found):.2f} [{min(found):.2f}, {max(found):.2f}]"


def report(records: list[Any], dataset: str, count: int, machine: str) -> str:
    """The section, as Markdown."""
    names = [f"{name} {replicate}" for name in PRECISIONS for replicate in REPLICATES]
    whole = [each for each in records if all(each[name] for name in names)]
    precisions = [(f"fp32 {replicate}", f"bf16 {replicate}") for replicate in REPLICATES]
    crossed = [("fp32 0", "bf16 1"), ("fp32 1", "bf16 0")]
    rows = {
        "two precisions, equal seeds": precisions,
        "two precisions, other seeds": crossed,
        "two seeds in float32": [("fp32 0", "fp32 1")],
        "two seeds in bfloat16": [("bf16 0", "bf16 1")],
    }
    lines = [
        f"### {dataset}",
        "",
        "`python -m benchmarks.precision_on_cpu FOLDER "
        f"--dataset {dataset} --candidates {count}`,",
        f"torch {torch.__version__}, one thread, {machine}. A step in float32 takes",
        f"{ratios(records)} times as long as one in bfloat16 (median over genomes, lowest and",
        f"highest). {len(whole)} of {len(records)} genomes were trained four times without a",
        "failure; Kendall's tau between two rankings of them, with 90 % intervals:",
        "",
        "| rankings by | `acc` | `robust` |",
        "|---|---|---|",
        *(
            f"| {name} | {tau(whole, pairs, 'acc')} | {tau(whole, pairs, 'robust')} |"
            for name, pairs in rows.items()
        ),
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure the missing candidates, and write the section of RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dataset", choices=BUDGETS, default="digits")
    parser.add_argument("--candidates", type=int, default=24)
    parser.add_argument("--data-dir", type=Path, default=None)
    parser.add_argument("--machine", default=platform.processor() or platform.machine())
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    given.folder.mkdir(parents=True, exist_ok=True)
    budget = BUDGETS[given.dataset]
    settings = budget | {"dataset": given.dataset, "data_dir": given.data_dir}
    sized = load("nas-bench-201").resized(channels=budget["channels"], cells=budget["cells"])
    space = sized.with_rules(RULES)
    records = list(looked_at(given.folder, space, given.candidates, settings))
    text = report(records, given.dataset, given.candidates, given.machine)
    print(text)
    write_section(f"precision_on_cpu {given.dataset}", text, path=given.results)


if __name__ == "__main__":
    main()
