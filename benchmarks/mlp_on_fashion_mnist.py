"""Fully connected networks on Fashion-MNIST: back-propagation, FA and DFA, as in the literature.

    python -m benchmarks.mlp_on_fashion_mnist --data-dir data

Networks of the space ``mlp``: hidden layers of one width, tanh, one rule in every layer. All
pixels, no augmentation. Nothing is tuned on the reported numbers: the learning rate is given on
the command line, and the test part is read once, after the last epoch.

Each finished run is appended to a progress file and never run again. The table is printed in
Markdown, and written into its section of the results file.
"""

import argparse
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import torch

from benchmarks.support.progress_file import append_progress, read_progress
from benchmarks.support.sections import RESULTS, write_section
from evonas.evaluation.accuracy import accuracy
from evonas.evaluation.data.images import Images, SearchData
from evonas.evaluation.data.loading import load_search_data, load_test
from evonas.evaluation.data.place import default_data_dir
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.train import train
from evonas.networks import Network, build, count_parameters
from evonas.space import load

PROGRESS = Path(__file__).with_suffix(".csv")


@dataclass(frozen=True)
class Case:
    """One run, with all settings that determine its result."""

    layers: int
    width: int
    rule: str
    learning_rate: float
    epochs: int
    batch: int
    weight_decay: float
    seed: int


@dataclass(frozen=True)
class Outcome:
    """Result of a run: accuracies, nats, seconds."""

    test_accuracy: float
    validation_accuracy: float
    loss: float
    parameters: int
    seconds: float


def make_network(case: Case, data: SearchData) -> Network:
    """The network of a case, as a genome of the space ``mlp``."""
    space = load("mlp").resized(channels=case.width).with_rules((case.rule,))
    repeats = [int(case.layers > number) for number in (1, 2)]
    genome = space.parse(
        "|linear~0| activation=tanh stem.channels=1 "
        f"stage0.channels=1 stage0.repeat={repeats[0]} "
        f"stage1.channels=1 stage1.repeat={repeats[1]}"
    )
    traits = data.traits
    return build(
        space,
        genome,
        input_shape=traits.shape,
        num_classes=traits.num_classes,
        seed=case.seed,
        mean=traits.mean,
        deviation=traits.std,
    )


def run(case: Case, data: SearchData, test: Images) -> Outcome:
    """Train and evaluate one network."""
    network = make_network(case, data)
    recipe = Recipe(case.epochs, case.batch, case.learning_rate, weight_decay=case.weight_decay)
    plain = replace(data.traits, crop_padding=0, flip=False)
    trained = train(network, data.train, traits=plain, recipe=recipe, seed=case.seed)
    return Outcome(
        test_accuracy=accuracy(network, test),
        validation_accuracy=accuracy(network, data.validation),
        loss=trained.losses[-1],
        parameters=count_parameters(network),
        seconds=trained.seconds,
    )


def table(outcomes: Mapping[Case, Outcome]) -> Iterator[str]:
    """One row per network and rule: means and standard deviations over seeds."""
    yield (
        "| hidden layers | parameters | rule | test accuracy, % | validation, % | training loss | "
        "seeds | epochs, batch, rate, decay |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for case in dict.fromkeys(replace(case, seed=0) for case in outcomes):
        rows = [o for other, o in outcomes.items() if replace(other, seed=0) == case]
        recipe = f"{case.epochs}, {case.batch}, {case.learning_rate:g}, {case.weight_decay:g}"
        yield (
            f"| {case.layers} x {case.width} | {rows[0].parameters:,} | `{case.rule}` | "
            f"{_spread([100 * row.test_accuracy for row in rows])} | "
            f"{_spread([100 * row.validation_accuracy for row in rows])} | "
            f"{_spread([row.loss for row in rows])} | {len(rows)} | {recipe} |"
        )


def _spread(values: Sequence[float]) -> str:
    deviation = f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.2f}{deviation}"


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data-dir", type=Path, default=default_data_dir())
    parser.add_argument("--layers", nargs="+", type=int, default=[1, 3], choices=[1, 2, 3])
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--rules", nargs="+", default=["bp", "fa", "dfa"])
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=0.03)
    parser.add_argument("--weight-decay", type=float, default=0.0)
    parser.add_argument("--progress", type=Path, default=PROGRESS)
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser.parse_args(arguments)


def main() -> None:
    """Run the missing cases; print and write the table of all cases in the progress file."""
    torch.set_num_threads(1)
    chosen = parse()
    settings = (chosen.learning_rate, chosen.epochs, chosen.batch, chosen.weight_decay)
    outcomes = read_progress(chosen.progress, Case, Outcome)
    test = load_test("fashion-mnist", data_dir=chosen.data_dir)
    for seed, layers in product(chosen.seeds, chosen.layers):
        data = load_search_data("fashion-mnist", data_dir=chosen.data_dir, seed=seed)
        for rule in chosen.rules:
            case = Case(layers, chosen.width, rule, *settings, seed)
            if case not in outcomes:
                outcomes[case] = run(case, data, test)
                append_progress(chosen.progress, case, outcomes[case])
                print(case, outcomes[case], flush=True)
    lines = "\n".join(table(outcomes))
    print(lines)
    write_section("mlp_on_fashion_mnist", lines, path=chosen.results)


if __name__ == "__main__":
    main()
