"""Compare the claims of a front with fresh trainings of it, with and without replicates.

    python -m benchmarks.believable_fronts runs/fronts                        # digits, 5 seeds
    python -m benchmarks.believable_fronts runs/fronts --dataset cifar10 --seeds 0,1

For each seed there is one search with ``--replicates auto`` and one with ``1``, with the same
number of trainings; both are confirmed by 3 fresh trainings. Each network of a front is then
trained 10 more times (5 times on CIFAR-10) with unused seeds (``evonas.evaluate(...,
replicate=)``), and the mean is taken as the truth. Split and attacked images are those of the
search, so this measures training noise only. Results in the folder are reused. The seconds of a
search are those of the call that made all of it; an interrupted search has none.
"""

import argparse
import json
import math
import statistics
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joblib import Parallel, cpu_count, delayed

import evonas
from benchmarks.support.sections import write_section
from evonas.search.pareto import non_dominated
from evonas.search.replicates.collapse import collapsed
from evonas.study.config import CONFIG_FILE
from evonas.study.results.candidate import Candidate, front
from evonas.study.results.reading import RunState, read_run

OBJECTIVES = ("acc", "robust")
WAYS = ("auto", "1")
CONFIRMATIONS = 3
FRESH = {"digits": 10, "cifar10": 5}
"""Number of trainings that define the truth."""

FIRST_FRESH = 1000  # above all replicates of a search
FRESH_FILE, SECONDS_FILE = "fresh.json", "seconds.txt"
NORMAL_95 = 1.96
BUDGETS: dict[str, dict[str, Any]] = {
    "digits": {},
    "cifar10": {
        "images": 1000, "epochs": 2, "channels": 8, "cells": 1, "population": 8, "generations": 3,
    },
}  # fmt: skip
Values = dict[str, list[dict[str, float]]]
LEARNED = "learned"  # name of a value of each training: how far it is above chance


@dataclass(frozen=True)
class Front:
    """The result of one search.

    Attributes:
        run: state of the run on disk.
        fresh: values of the trainings that define the truth, keyed by candidate.
        trainings: number of trainings of search and confirmation.
        seconds: duration of search and confirmation; NaN if they were interrupted.
    """

    run: RunState
    fresh: Values
    trainings: int
    seconds: float

    @property
    def members(self) -> list[Candidate]:
        """The networks on the returned front."""
        return front(self.run.candidates, OBJECTIVES)

    def truth(self, key: str, name: str) -> float:
        """The mean of the fresh trainings that did not collapse."""
        return statistics.fmean(values[name] for values in self.healthy(key))

    def healthy(self, key: str) -> list[dict[str, float]]:
        """The fresh trainings of a network that did not collapse."""
        some = self.fresh[key]
        lost = collapsed([values[LEARNED] for values in some])
        return [values for values, is_lost in zip(some, lost, strict=True) if not is_lost]


def run(folder: Path, options: Mapping[str, Any]) -> float:
    """Search and confirm, or finish an interrupted run; returns the seconds of the whole."""
    path = folder / SECONDS_FILE
    if (folder / CONFIG_FILE).exists():
        evonas.load_study(folder).resume(progress=False)
        return float(path.read_text()) if path.exists() else math.nan
    start = time.monotonic()
    evonas.search("nas-bench-201", out=folder, progress=False, **options)
    seconds = time.monotonic() - start
    path.write_text(str(seconds))
    return seconds


def fresh_values(folder: Path) -> Values:
    """Run the missing fresh trainings of the networks on the front."""
    path = folder / FRESH_FILE
    found: Values = json.loads(path.read_text()) if path.exists() else {}
    state = read_run(folder)
    wanted = [c for c in front(state.candidates, OBJECTIVES) if c.key not in found]
    times = FRESH[state.settings.training.dataset]
    trained = Parallel(n_jobs=cpu_count())(
        delayed(_fresh)(state, candidate.genome, FIRST_FRESH + number)
        for candidate in wanted
        for number in range(times)
    )
    for place, candidate in enumerate(wanted):
        some = trained[place * times : (place + 1) * times]
        found[candidate.key] = [values for values in some if values]
    path.write_text(json.dumps(found))
    return found


def _fresh(state: RunState, genome: str, replicate: int) -> dict[str, float]:
    """Values of one fresh training; empty if it failed."""
    settings = state.settings.with_values({"constraints": (), "gate": "off"})
    trained = evonas.evaluate(
        state.settings.problem.space, genome, settings=settings, replicate=replicate
    )
    learned = trained.evaluation.learned
    return {} if learned is None else {**trained.values, LEARNED: learned}


def load(folder: Path, *, seconds: float) -> Front:
    """Load a finished search with its fresh trainings."""
    state = read_run(folder)
    confirmations = sum(each.replicates for each in state.confirmed.values())
    return Front(state, fresh_values(folder), len(state.evaluations) + confirmations, seconds)


def really_on_the_front(one: Front, pool: list[Front]) -> Iterator[bool]:
    """For each network of a front, whether no network trained at least twice dominates it.

    All runs are considered. The truth is the fresh mean if there is one, else the plain mean of
    the search's trainings.
    """
    known: dict[str, tuple[float, ...]] = {}
    for each in pool:
        for candidate in each.run.candidates:
            if candidate.contends and candidate.replicates > 1:
                means = tuple(-candidate.means[name] for name in OBJECTIVES)
                known.setdefault(candidate.key, means)
    for each in pool:
        for key in each.fresh:
            known[key] = tuple(-each.truth(key, name) for name in OBJECTIVES)
    kept = dict(zip(known, non_dominated(list(known.values())), strict=True))
    for member in one.members:
        yield kept[member.key]


def rows(fronts: Mapping[tuple[str, int], Front], *, way: str) -> list[str]:
    """Table cells of one kind of search, over all seeds."""
    mine = [each for (name, _), each in fronts.items() if name == way]
    claims: dict[str, list[float]] = {name: [] for name in OBJECTIVES}
    confirmed: dict[str, list[float]] = {name: [] for name in OBJECTIVES}
    covered, claim_covered, really = [], [], []
    for (name, seed), each in fronts.items():
        if name != way:
            continue
        really += list(really_on_the_front(each, [fronts[w, seed] for w in WAYS]))
        for objective in OBJECTIVES:
            for member in each.members:
                truth = each.truth(member.key, objective)
                found = each.run.confirmed[member.key]
                claims[objective].append(member.values[objective] - truth)
                confirmed[objective].append(found.means[objective] - truth)
                error, own = found.errors[objective], member.errors[objective]
                covered.append(abs(confirmed[objective][-1]) <= NORMAL_95 * (error or 0.0))
                if own is not None:
                    claim_covered.append(abs(claims[objective][-1]) <= NORMAL_95 * own)
    collapsed = sum(c.collapsed for each in mine for c in each.members)
    lost = sum(
        FRESH[each.run.settings.training.dataset] - len(each.healthy(key))
        for each in mine
        for key in each.fresh
    )
    seconds = [each.seconds for each in mine if not math.isnan(each.seconds)]
    return [
        way,
        f"{len(really) / len(mine):.1f}",
        *(_mean(claims[name]) for name in OBJECTIVES),
        *(_mean(confirmed[name]) for name in OBJECTIVES),
        f"{statistics.fmean(claim_covered):.0%}" if claim_covered else "-",
        f"{statistics.fmean(covered):.0%} of {len(covered)}",
        f"{sum(really)} of {len(really)}",
        f"{collapsed}, {lost}",
        f"{statistics.fmean(each.trainings for each in mine):.0f}",
        f"{statistics.fmean(seconds):.0f}" if seconds else "-",
    ]


def _mean(values: list[float]) -> str:
    spread = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return f"{statistics.fmean(values):+.4f} ± {spread:.4f}"


def main() -> None:
    """Run the missing searches and trainings, print the table, and write it into its section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="folder of the runs")
    parser.add_argument("--dataset", choices=sorted(BUDGETS), default="digits")
    parser.add_argument("--data-dir", type=Path, default=Path("data"))
    parser.add_argument("--seeds", default="0,1,2,3,4", help="comma-separated")
    given = parser.parse_args()
    fronts = {}
    for seed in map(int, given.seeds.split(",")):
        for way in WAYS:
            folder = given.folder / f"{given.dataset}-{way}-{seed}"
            options = {
                "objectives": OBJECTIVES, "dataset": given.dataset, "device": "cpu",
                "data_dir": given.data_dir, "seed": seed, "replicates": way,
                "confirm": CONFIRMATIONS, **BUDGETS[given.dataset],
            }  # fmt: skip
            seconds = run(folder, options)
            fronts[way, seed] = load(folder, seconds=seconds)
            print(f"{folder}: {seconds:.0f} s", flush=True)
    head = [
        "replicates", "networks per front", *(f"claimed minus fresh, `{o}`" for o in OBJECTIVES),
        *(f"confirmed minus fresh, `{o}`" for o in OBJECTIVES), "claims covered",
        "confirmations covered", "really on the front", "collapsed: search, fresh", "trainings",
        "seconds",
    ]  # fmt: skip
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    lines += [f"| {' | '.join(rows(fronts, way=way))} |" for way in WAYS]
    print("\n".join(lines))
    name = f"believable_fronts_{given.dataset}_tables"
    write_section(name, "\n".join(lines))


if __name__ == "__main__":
    main()
