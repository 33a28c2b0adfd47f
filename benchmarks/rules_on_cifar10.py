"""Accuracy of one small fixed network on CIFAR-10 under each rule, between two bounds.

    python -m benchmarks.rules_on_cifar10 --data-dir data

One rule in every layer, one recipe for all. Two networks:

- ``residual``: a stem that halves the image, then twice the reduction of NAS-Bench-201 and a block
  of two convolutions with a skip connection (16, 32 and 64 channels). Published tables compare
  rules on networks of this kind.
- ``plain``: five convolutions in a row (16, 32, 32, 64, 64 channels). There are no skip
  connections, so the signal to the lower layers passes through the rules of all upper layers.

``bp`` is the upper bound. ``frozen``, the lower bound, trains only the classifier on random
features: a rule below it does harm. Chance is 10 %. The angle between update and gradient
(Lillicrap et al. 2016) is a mean over the layers below the classifier, which always follows its
gradient.

Each finished run is appended to a progress file and never run again. So an interrupted benchmark
continues, seeds can be added later, and ``--seeds`` without a value only writes the tables. They
are printed in Markdown, and written into their section of the results file. The results of our own
runs are next to this script: to repeat them, give another ``--progress``.
``--rules dfa "dfa(norm='none')"`` compares the options of a rule.
"""

import argparse
import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks.support.progress_file import append_progress, read_progress
from benchmarks.support.sections import RESULTS, write_section
from evonas.errors import TrainingDiverged
from evonas.evaluation.accuracy import accuracy
from evonas.evaluation.architectures.rule_text import parse_rule
from evonas.evaluation.data.images import SearchData, Traits, unit_pixels
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.data.place import default_data_dir
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.train import train
from evonas.networks import Network
from evonas.networks.blocks import ResidualReduction, convolution, relu_convolution
from evonas.networks.normalisation import BatchNorm
from evonas.registry import look_up
from evonas.rules import AbstractRule, RuleLinear, alignment, all_rules, connect

FROZEN = "frozen"
ANGLE_IMAGES = 500
PROGRESS = Path(__file__).with_suffix(".csv")


@dataclass(frozen=True)
class Case:
    """One run, with all settings that determine its result."""

    network: str
    rule: str
    learning_rate: float
    images: int
    epochs: int
    batch: int
    weight_decay: float
    seed: int


@dataclass(frozen=True)
class Outcome:
    """Result of a run: accuracy on the validation part, nats, degrees, seconds."""

    accuracy: float
    loss: float
    angle: float
    stem_angle: float
    seconds: float


class Skip(nn.Module):
    """Two convolutions with a skip connection."""

    def __init__(self, channels: int, *, rule: AbstractRule) -> None:
        super().__init__()
        self.first = relu_convolution(channels, channels, kernel=3, rule=rule)
        self.second = relu_convolution(channels, channels, kernel=3, rule=rule)

    def forward(self, inputs: Tensor) -> Tensor:
        """Maps (N, C, H, W) to the same shape."""
        outputs: Tensor = inputs + self.second(self.first(inputs))
        return outputs


def stem(rule: AbstractRule) -> nn.Module:
    """3 channels to 16, at half the size."""
    return nn.Sequential(convolution(3, 16, kernel=3, stride=2, rule=rule), BatchNorm(16))


def residual(rule: AbstractRule) -> dict[str, nn.Module]:
    """Eleven convolutions with skip connections."""
    return {
        "stem": stem(rule),
        "reduction1": ResidualReduction(16, 32, rule=rule),
        "block1": Skip(32, rule=rule),
        "reduction2": ResidualReduction(32, 64, rule=rule),
        "block2": Skip(64, rule=rule),
        "norm": BatchNorm(64),
    }


def plain(rule: AbstractRule) -> dict[str, nn.Module]:
    """Five convolutions in a row."""
    return {
        "stem": stem(rule),
        "second": relu_convolution(16, 32, kernel=3, stride=2, rule=rule),
        "third": relu_convolution(32, 32, kernel=3, rule=rule),
        "fourth": relu_convolution(32, 64, kernel=3, stride=2, rule=rule),
        "fifth": relu_convolution(64, 64, kernel=3, rule=rule),
    }


BODIES: dict[str, Callable[[AbstractRule], dict[str, nn.Module]]] = {
    "residual": residual,
    "plain": plain,
}


def make_network(case: Case, traits: Traits) -> Network:
    """The network of a case; its initial weights depend on the seed, not on the rule."""
    is_frozen = case.rule == FROZEN
    rule = parse_rule("bp" if is_frozen else case.rule)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(case.seed)
        body = look_up(BODIES, case.network, kind="network")(rule)
        classifier = RuleLinear(64, traits.num_classes, rule=rule.for_readout())
    network = Network(
        body, head=nn.ReLU(), classifier=classifier, mean=traits.mean, deviation=traits.std
    )
    network.wiring = connect(network, seed=case.seed, num_classes=traits.num_classes)
    if is_frozen:
        network.body.requires_grad_(False)
    return network


def run(case: Case, data: SearchData) -> Outcome:
    """Train one network and evaluate it on the validation part."""
    network = make_network(case, data.traits)
    recipe = Recipe(case.epochs, case.batch, case.learning_rate, weight_decay=case.weight_decay)
    try:
        trained = train(network, data.train, traits=data.traits, recipe=recipe, seed=case.seed)
    except TrainingDiverged as problem:
        print(f"{case}: {problem}", flush=True)
        return Outcome(*[float("nan")] * 5)
    some = data.validation.subset(torch.arange(min(ANGLE_IMAGES, len(data.validation))))
    angles = [*alignment(network, unit_pixels(some.pixels), some.labels).values()][:-1]
    return Outcome(
        accuracy=accuracy(network, data.validation),
        loss=trained.losses[-1],
        angle=statistics.mean(angles) if angles else float("nan"),
        stem_angle=angles[0] if angles else float("nan"),
        seconds=trained.seconds,
    )


def table(outcomes: Mapping[Case, Outcome], case: Case) -> Iterator[str]:
    """The rows of one network and recipe, the best rule first, over all seeds.

    A rule with a diverged training has no means, and comes last.
    """
    by_rule: dict[str, list[Outcome]] = {}
    for other, outcome in outcomes.items():
        if replace(other, rule=case.rule, seed=case.seed) == case:
            by_rule.setdefault(other.rule, []).append(outcome)
    yield (
        f"\n`{case.network}`, {case.epochs} epochs of {case.images} images, batch {case.batch}, "
        f"learning rate {case.learning_rate:g}, weight decay {case.weight_decay:g}:\n"
    )
    yield "| rule | accuracy, % | seeds | training loss | angle, degrees | angle of the stem |"
    yield "|---|---|---|---|---|---|"
    for rule, rows in sorted(by_rule.items(), key=lambda item: -_mean(item[1])):
        angle, stem_angle = (_spread(rows, name, 1, ".0f") for name in ("angle", "stem_angle"))
        yield (
            f"| `{rule}` | {_spread(rows, 'accuracy', 100, '.1f')} | {len(rows)} | "
            f"{_spread(rows, 'loss', 1, '.2f')} | {angle} | {stem_angle} |"
        )


def _mean(rows: Sequence[Outcome]) -> float:
    mean = statistics.mean(row.accuracy for row in rows)
    return -math.inf if math.isnan(mean) else mean  # a list with NaN in it cannot be sorted


def _spread(rows: Sequence[Outcome], name: str, factor: float, form: str) -> str:
    values = [factor * getattr(row, name) for row in rows]
    if any(math.isnan(value) for value in values):
        return "-"
    deviation = f" ± {statistics.stdev(values):{form}}" if len(values) > 1 else ""
    return f"{statistics.mean(values):{form}}{deviation}"


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data-dir", type=Path, default=default_data_dir())
    parser.add_argument("--networks", nargs="+", default=list(BODIES), choices=list(BODIES))
    parser.add_argument("--rules", nargs="+", default=[*all_rules(), FROZEN])
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--images", type=int, default=6000)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--learning-rates", nargs="+", type=float, default=[0.1])
    parser.add_argument("--weight-decay", type=float, default=5e-4)
    parser.add_argument("--progress", type=Path, default=PROGRESS)
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser.parse_args(arguments)


def main() -> None:
    """Run the missing cases; print and write the tables of all cases in the progress file."""
    torch.set_num_threads(1)
    chosen = parse()
    settings = (chosen.images, chosen.epochs, chosen.batch, chosen.weight_decay)
    outcomes = read_progress(chosen.progress, Case, Outcome)
    for seed in chosen.seeds:
        data = load_search_data(
            "cifar10", data_dir=chosen.data_dir, seed=seed, num_images=chosen.images
        )
        for network, rate, rule in product(chosen.networks, chosen.learning_rates, chosen.rules):
            case = Case(network, rule, rate, *settings, seed)
            if case not in outcomes:
                outcomes[case] = run(case, data)
                append_progress(chosen.progress, case, outcomes[case])
                print(case, outcomes[case], flush=True)
    recipes = dict.fromkeys(replace(case, rule="", seed=0) for case in outcomes)
    lines = [line for recipe in recipes for line in table(outcomes, recipe)]
    print("\n".join(lines))
    write_section("rules_on_cifar10_tables", "\n".join(lines), path=chosen.results)


if __name__ == "__main__":
    main()
