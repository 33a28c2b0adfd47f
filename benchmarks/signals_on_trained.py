"""Predictive value of cheap signals on networks that are really trained, with mixed rules.

    python -m benchmarks.signals_on_trained runs/signals-digits
    python -m benchmarks.signals_on_trained runs/signals-cifar10 --dataset cifar10 --data-dir DIR \
        --images 3000 --epochs 5 --channels 8 --cells 1 --attacked-images 300

Random genomes of NAS-Bench-201, each layer with a random rule, are trained three times each by a
random search in the folder; a finished search with the same settings is not repeated. The table
has Kendall's tau of every signal with the means over the three trainings, with 90 % intervals by
resampling genomes, and what another training says: tau between the first training and the mean of
the other two.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import kendalltau

import evonas
from benchmarks.support.command import command
from benchmarks.support.resampling import central_90
from benchmarks.support.sections import write_section
from evonas.errors import ConfigError
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.signals.genome_signals import GenomeSignals, num_images_needed
from evonas.evaluation.signals.table import ALL_SIGNALS
from evonas.space import Genome
from evonas.study.config import CONFIG_FILE
from evonas.study.results.trainings import by_candidate
from evonas.study.shape import read_space

OBJECTIVES = ("acc", "robust")
REPLICATES = 3
NUM_RESAMPLES = 2000

Values = NDArray[np.float64]


def trained(folder: Path, arguments: argparse.Namespace) -> evonas.Study:
    """The finished random search in the folder, which is begun or continued.

    Raises:
        ConfigError: the search in the folder has other settings.
    """
    if (folder / CONFIG_FILE).exists():
        study = evonas.load_study(folder)
        for name, wanted in _settings(arguments).items():
            found = study.settings.value(name)
            is_default = wanted is None and name != "images"  # None is all images
            if found != wanted and not is_default:
                raise ConfigError(
                    f"{folder}: holds a search with {name} {found}, got {wanted}; give the same "
                    "options, or another folder"
                )
        study.resume()
        return study
    return evonas.search(
        "nas-bench-201", objectives=OBJECTIVES, algorithm="random", replicates=str(REPLICATES),
        confirm=0, data_dir=arguments.data_dir, gate="off", out=folder, **_settings(arguments),
    )  # fmt: skip


def _settings(arguments: argparse.Namespace) -> dict[str, Any]:
    names = ("dataset", "images", "epochs", "channels", "cells", "attacked_images")
    return {
        "evaluations": REPLICATES * arguments.genomes,
        "population": arguments.genomes,
        **{name: getattr(arguments, name) for name in names},
    }


def tau(left: Values, right: Values) -> float:
    """Kendall's tau."""
    return float(kendalltau(left, right)[0])


def with_interval(left: Values, right: Values) -> str:
    """Kendall's tau, with the central 90 % of what resampled pairs give."""
    if np.ptp(left) == 0.0:
        return "equal for all"
    low, high = central_90(
        lambda some: tau(left[some], right[some]), count=len(left), num_resamples=NUM_RESAMPLES
    )
    return f"{tau(left, right):+.2f} [{low:+.2f}, {high:+.2f}]"


def measured(signals: GenomeSignals, genomes: Sequence[Genome]) -> tuple[dict[str, Values], float]:
    """Each signal of all genomes, and CPU milliseconds per genome."""
    start = time.process_time()
    rows = np.array([signals.of(genome) for genome in genomes])
    spent = 1000 * (time.process_time() - start) / len(genomes)
    return dict(zip(signals.names, rows.T, strict=True)), spent


def table(study: evonas.Study, *, data_dir: Path | None, command: str, machine: str) -> str:
    """The section, as Markdown."""
    space = read_space(study.settings, study.folder)
    whole = [
        trainings
        for trainings in by_candidate(study.evaluations).values()
        if len(trainings) == REPLICATES and all(each.failure is None for each in trainings)
    ]
    values = np.array([[[e.values[o] for o in OBJECTIVES] for e in some] for some in whole])
    means = values.mean(axis=1)
    chosen = [space.canonical(space.parse(trainings[0].genome)) for trainings in whole]
    lines = [
        f"### {study.settings.training.dataset}\n",
        f"`{command}`, torch {torch.__version__}, {machine}. {len(chosen)} genomes, three "
        "trainings each without a failure. Kendall's tau with 90 % intervals by resampling "
        "genomes.\n",
        f"| signal | CPU ms | {' | '.join(f'`{name}`' for name in OBJECTIVES)} |",
        "|---|---|---|---|",
    ]
    for name in ALL_SIGNALS:
        num_images = num_images_needed((name,))
        data = load_search_data(
            study.settings.training.dataset, data_dir=data_dir, seed=0,
            num_images=num_images or None,
        )  # fmt: skip
        images = data.train if num_images else None
        signals = GenomeSignals((name,), space, traits=data.traits, images=images)
        columns, spent = measured(signals, chosen)
        for label, column in columns.items():
            cells = " | ".join(with_interval(column, value) for value in means.T)
            lines.append(f"| `{label}` | {spent:.1f} | {cells} |")
    others = values[:, 1:].mean(axis=1)
    cells = " | ".join(with_interval(values[:, 0, i], others[:, i]) for i in (0, 1))
    return "\n".join([*lines, f"| one training, with the mean of two others | | {cells} |", ""])


def options() -> argparse.ArgumentParser:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--data-dir", type=Path, default=None)
    parser.add_argument("--genomes", type=int, default=40)
    parser.add_argument("--images", type=int, default=None)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--channels", type=int)
    parser.add_argument("--cells", type=int)
    parser.add_argument("--attacked-images", type=int, default=180)
    parser.add_argument("--machine", default="one thread")
    return parser


def main() -> None:
    """Train what is missing, and write the table."""
    parser = options()
    given = parser.parse_args()
    torch.set_num_threads(1)
    study = trained(given.folder, given)
    words = command("signals_on_trained FOLDER", parser, given, without=("folder", "machine"))
    text = table(study, data_dir=given.data_dir, command=words, machine=given.machine)
    print(text)
    write_section(f"signals_on_trained {given.dataset}", text)


if __name__ == "__main__":
    main()
