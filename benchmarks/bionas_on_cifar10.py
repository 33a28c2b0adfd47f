"""The two searches of BioNAS on CIFAR-10, beside others, at equal CPU time.

    python -m benchmarks.bionas_on_cifar10 runs/bionas --data-dir DIR

NAS-Bench-201 (8 channels, one cell per stage) with rules chosen for each layer, ``acc`` alone. A
pilot run of one generation of random candidates, the same for all, and one more candidate measures
what a way costs apart from its trainings (supernet, model) and what a training costs; each way
then gets as many trainings as fit into the CPU seconds. The network that a search returns is
scored by fresh trainings that played no part in choosing it. Finished runs in the folder are not
repeated; an interrupted one begins anew, because its CPU time counts. Of the pilots only the costs
count.
"""

import argparse
import shutil
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import torch

import evonas
from benchmarks.support.means import mean_with_error
from benchmarks.support.progress_file import append_progress, keep_settings, read_progress
from benchmarks.support.sections import write_section
from evonas.study.config import CONFIG_FILE
from evonas.study.results.candidate import front
from evonas.study.results.reading import read_run

POPULATION = 8
PILOT = POPULATION + 1  # some engines train their supernet only after the first generation
WITH_SUPERNET = ("evonas, EG operator", "bionas-darts", "bionas-eg")
WAYS: Mapping[str, Mapping[str, Any]] = {
    "random": {"algorithm": "random"},
    "evonas": {"algorithm": "evonas"},
    "evonas, free signals": {"algorithm": "evonas", "signals": ("free",)},
    "evonas, EG operator": {"algorithm": "evonas", "mutation": "eg"},
    "bionas-darts": {"algorithm": "bionas-darts"},
    "bionas-eg": {"algorithm": "bionas-eg"},
}


@dataclass(frozen=True)
class Case:
    """One run; seed -1 is the pilot."""

    way: str
    seed: int


@dataclass(frozen=True)
class Outcome:
    """What a run cost, and the network that it returned.

    Attributes:
        trainings: number of trainings in the search.
        cpu_seconds: CPU time of the search, without confirmation.
        claimed: accuracy of the returned network by the search.
        confirmed: its mean accuracy in fresh trainings.
        genome: the returned network.
    """

    trainings: int
    cpu_seconds: float
    claimed: float
    confirmed: float
    genome: str


def run(folder: Path, case: Case, *, trainings: int, options: Mapping[str, Any]) -> Outcome:
    """Search in this process, confirm the returned network, and read the result."""
    if (folder / CONFIG_FILE).exists():
        shutil.rmtree(folder)
    start = time.process_time()
    study = evonas.search(
        "nas-bench-201", objectives=["acc"], evaluations=trainings, population=POPULATION,
        seed=max(0, case.seed), confirm=0, workers=1, device="cpu", channels=8, cells=1,
        out=folder, progress=False, **WAYS[case.way], **options,
    )  # fmt: skip
    cpu_seconds = time.process_time() - start
    if case.seed < 0:
        return Outcome(trainings, cpu_seconds, 0.0, 0.0, "")
    study.confirm(replicates=3, progress=False)
    state = read_run(folder)
    (returned, *_) = front(state.candidates, ("acc",))
    return Outcome(
        trainings, cpu_seconds, returned.means["acc"],
        state.confirmed[returned.key].means["acc"], returned.genome,
    )  # fmt: skip


def affordable(pilot: Outcome, random: Outcome, *, budget: float) -> int:
    """The number of trainings that fit into a CPU budget in seconds, at least one generation.

    Args:
        pilot: pilot run of a way.
        random: that of random search, which has the same candidates and no other costs.
        budget: CPU seconds.
    """
    overhead = max(0.0, pilot.cpu_seconds - random.cpu_seconds)
    return max(POPULATION, round((budget - overhead) / (random.cpu_seconds / random.trainings)))


def table(found: Mapping[Case, Outcome]) -> str:
    """A row for each way: means over seeds, with standard errors."""
    columns = ("trainings", "CPU s", "claimed", "confirmed", "minus random, paired")
    lines = [
        f"torch {torch.__version__}; mean ± standard error over seeds.\n",
        f"| search | seeds | {' | '.join(columns)} |",
        "|---" * (2 + len(columns)) + "|",
    ]
    for way in WAYS:
        some = {case.seed: each for case, each in found.items() if case.way == way}
        some.pop(-1, None)
        if not some:
            continue
        random = {case.seed: each for case, each in found.items() if case.way == "random"}
        gains = [each.confirmed - random[s].confirmed for s, each in some.items() if s in random]
        cells = [
            f"`{way}`", ", ".join(map(str, some)),
            f"{statistics.mean(each.trainings for each in some.values()):.0f}",
            f"{statistics.mean(each.cpu_seconds for each in some.values()):.0f}",
            mean_with_error([each.claimed for each in some.values()], digits=3),
            mean_with_error([each.confirmed for each in some.values()], digits=3),
            "-" if way == "random" else mean_with_error(gains, digits=3, sign="+"),
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Perform the missing runs, and write the table after each of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data-dir", default=None)
    parser.add_argument("--dataset", default="cifar10")
    parser.add_argument("--cpu-seconds", type=float, default=150.0)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--ways", nargs="*", choices=WAYS, default=list(WAYS))
    parser.add_argument("--supernet-epochs", type=int, default=3)
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    given = parser.parse_args()
    torch.set_num_threads(1)
    options = {"dataset": given.dataset, "images": given.images, "epochs": given.epochs}
    budget = {"cpu_seconds": given.cpu_seconds, "supernet_epochs": given.supernet_epochs}
    keep_settings(given.folder, options | budget)
    if given.data_dir is not None:
        options["data_dir"] = given.data_dir
    progress = given.folder / "progress.csv"
    found = read_progress(progress, Case, Outcome)
    pilots = [Case(way, -1) for way in dict.fromkeys(("random", *given.ways))]
    for case in (*pilots, *(Case(way, seed) for seed, way in product(given.seeds, given.ways))):
        if case in found:
            continue
        way = case.way
        pilot = found.get(Case(way, -1))
        trainings = (
            affordable(pilot, found[Case("random", -1)], budget=given.cpu_seconds)
            if pilot
            else PILOT
        )
        folder = given.folder / f"{way.replace(', ', '-').replace(' ', '-')}-{case.seed}"
        supernet = {"supernet_epochs": given.supernet_epochs} if way in WITH_SUPERNET else {}
        found[case] = run(folder, case, trainings=trainings, options=options | supernet)
        append_progress(progress, case, found[case])
        print(case, found[case], flush=True)
        write_section("bionas_on_cifar10_table", table(found))


if __name__ == "__main__":
    main()
