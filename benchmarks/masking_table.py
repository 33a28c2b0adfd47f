"""Apparent robustness along a rule's own backward pass compared with true robustness.

    python -m benchmarks.masking_table --dataset digits
    python -m benchmarks.masking_table --dataset cifar10 --data-dir data --images 10000

One residual network of eleven convolutions (16, 32 and 64 channels), one rule in every layer, or
six rules in turn (``mix``). On CIFAR-10 the stem halves the image. Measured for each trained
network, on images of the validation part:

- ``clean``: accuracy without attack.
- ``surrogate``: accuracy under APGD-50 along the rule's own backward pass: masked, not robustness.
- ``true``: accuracy under the same attack along the true gradient.
- ``Square``: accuracy under Square, which uses neither rules nor gradients.
- ``all``: share of images classified correctly under both of the last two attacks.
- ``cosine``: between own and true gradient with respect to the image, mean over the images.
- ``flags``: checks of masking (``docs/robustness.md``) that the attacked network fails.

Each finished network is appended to a progress file and never trained again, so that an
interrupted benchmark continues, and seeds can be added later. ``--seeds`` without a value only
writes the table, in Markdown, into its section of the results file.
"""

import argparse
import math
import platform
import statistics
import textwrap
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, product
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks.support.progress_file import append_progress, read_progress
from benchmarks.support.sections import RESULTS, write_section
from evonas.errors import TrainingDiverged
from evonas.evaluation.attacks.attackers import Apgd, Square
from evonas.evaluation.attacks.epsilon import parse_epsilon
from evonas.evaluation.attacks.masking.diagnosis import masking
from evonas.evaluation.attacks.robustness import robust_subset
from evonas.evaluation.attacks.suite import NamedAttack, run_attack
from evonas.evaluation.data.images import Images, Traits
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.data.place import default_data_dir
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.train import train
from evonas.networks import Network
from evonas.networks.blocks import ResidualReduction, convolution, relu_convolution
from evonas.networks.normalisation import BatchNorm
from evonas.rules import AbstractRule, RuleLinear, all_rules, connect

MIX = ("fa", "usf", "frsf", "brsf", "kp", "dfa")
RULES = ("bp", "fa", "usf", "frsf", "brsf", "kp", "dfa", "local", "pc", "mix")
DEFAULTS = {"digits": ("16/255", "32/255"), "cifar10": ("1/255", "2/255")}
APGD = NamedAttack("apgd-ce-50", Apgd(num_steps=50))
LINE_WIDTH = 120  # of prose in RESULTS.md
PROGRESS = Path(__file__).with_suffix(".csv")


@dataclass(frozen=True)
class Case:
    """One network at one radius, with all settings that determine the result."""

    dataset: str
    rule: str
    epsilon: str
    images: int
    epochs: int
    batch: int
    attacked: int
    queries: int
    seed: int


@dataclass(frozen=True)
class Outcome:
    """Accuracies, the cosine, the flags, and seconds of training and attack."""

    clean: float
    surrogate: float
    true: float
    square: float
    both: float
    cosine: float
    flags: str
    seconds: float


NAN = math.nan
DIVERGED = Outcome(NAN, NAN, NAN, NAN, NAN, NAN, "diverged", NAN)


class Skip(nn.Module):
    """Two convolutions with a skip connection."""

    def __init__(self, channels: int, *, rules: Iterator[AbstractRule]) -> None:
        super().__init__()
        self.first = relu_convolution(channels, channels, kernel=3, rule=next(rules))
        self.second = relu_convolution(channels, channels, kernel=3, rule=next(rules))

    def forward(self, inputs: Tensor) -> Tensor:
        """Maps (N, C, H, W) to the same shape."""
        outputs: Tensor = inputs + self.second(self.first(inputs))
        return outputs


def make_network(rule: str, traits: Traits, *, seed: int) -> Network:
    """The network of a rule; its initial weights depend on the seed, not on the rule."""
    rules = cycle([all_rules()[name]() for name in (MIX if rule == "mix" else (rule,))])
    stride = 2 if traits.shape[1] > 16 else 1
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        channels = traits.shape[0]
        stem = convolution(channels, 16, kernel=3, stride=stride, rule=next(rules))
        body = {
            "stem": nn.Sequential(stem, BatchNorm(16)),
            "reduction1": ResidualReduction(16, 32, rule=next(rules)),
            "block1": Skip(32, rules=rules),
            "reduction2": ResidualReduction(32, 64, rule=next(rules)),
            "block2": Skip(64, rules=rules),
            "norm": BatchNorm(64),
        }
        classifier = RuleLinear(64, traits.num_classes, rule=next(rules).for_readout())
    network = Network(
        body, head=nn.ReLU(), classifier=classifier, mean=traits.mean, deviation=traits.std
    )
    network.wiring = connect(network, seed=seed, num_classes=traits.num_classes)
    return network


def attacked(network: nn.Module, images: Images, case: Case, *, seconds: float) -> Outcome:
    """Attack a network whose training took ``seconds``."""
    start, epsilon = time.perf_counter(), parse_epsilon(case.epsilon)
    square = NamedAttack(f"square-{case.queries}", Square(num_queries=case.queries))
    true, black_box = (
        run_attack(network, images, attack, epsilon=epsilon, seed=case.seed)
        for attack in (APGD, square)
    )
    own = run_attack(network, images, APGD, epsilon=epsilon, seed=case.seed, gradient="surrogate")
    found = masking(
        network,
        images,
        epsilon=epsilon,
        seed=case.seed,
        white_box=true.robust,
        black_box=black_box.robust,
    )
    return Outcome(
        clean=_share(true.correct),
        surrogate=_share(own.robust),
        true=_share(true.robust),
        square=_share(black_box.robust),
        both=_share(true.robust & black_box.robust),
        cosine=math.nan if found.gradient_cosine is None else found.gradient_cosine,
        flags=" ".join(found.flags),
        seconds=seconds + time.perf_counter() - start,
    )


def measure(cases: Sequence[Case], data_dir: Path) -> Iterator[tuple[Case, Outcome]]:
    """Train one network and attack it at every radius; the cases differ only in the radius."""
    case = cases[0]
    data = load_search_data(
        case.dataset, data_dir=data_dir, seed=case.seed, num_images=case.images or None
    )
    network = make_network(case.rule, data.traits, seed=case.seed)
    recipe = Recipe(case.epochs, case.batch)
    try:
        trained = train(network, data.train, traits=data.traits, recipe=recipe, seed=case.seed)
    except TrainingDiverged as problem:
        print(f"{case}: {problem}", flush=True)
        for each in cases:
            yield each, DIVERGED
        return
    images = robust_subset(data.validation, num_images=case.attacked, seed=case.seed)
    for number, each in enumerate(cases):
        seconds = 0.0 if number else trained.seconds  # count the training only once
        yield each, attacked(network.eval(), images, each, seconds=seconds)


def table(outcomes: Mapping[Case, Outcome], like: Case) -> Iterator[str]:
    """Table of one radius: one row per rule, mean and standard deviation over seeds in percent.

    Diverged trainings are counted, and are not part of the means.
    """
    yield f"\nRadius {like.epsilon}:\n"
    yield "| rule | seeds | clean | surrogate (masked) | true | Square | all | cosine | flags |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|---|"
    for rule in RULES:
        found = [o for c, o in outcomes.items() if replace(c, seed=0) == replace(like, rule=rule)]
        rows = [outcome for outcome in found if not math.isnan(outcome.clean)]
        if found:
            seeds = f"{len(rows)}" if len(rows) == len(found) else f"{len(rows)} of {len(found)}"
            columns = ("clean", "surrogate", "true", "square", "both")
            shares = " | ".join(
                _spread([100 * getattr(r, name) for r in rows], ".1f") for name in columns
            )
            flags = ", ".join(sorted({f for r in found for f in r.flags.split()})) or "none"
            cosine = _spread([row.cosine for row in rows], ".2f")
            yield f"| `{rule}` | {seeds} | {shares} | {cosine} | {flags} |"


def report(outcomes: Mapping[Case, Outcome], like: Sequence[Case]) -> str:
    """The section of one data set."""
    case = like[0]
    images = f"{case.images} images" if case.images else "all images"
    seconds = [o.seconds for c, o in outcomes.items() if replace(c, rule="", seed=0) in like]
    minutes = sum(second for second in seconds if not math.isnan(second)) / 60
    about = (
        f"`python -m benchmarks.masking_table --dataset {case.dataset}` (columns: see its "
        f"docstring), torch {torch.__version__}, {platform.machine()} CPU, one thread, "
        f"{minutes:.0f} minutes. The same network for all rules, {case.epochs} epochs of "
        f"{images}, batch {case.batch}; {case.attacked} validation images, {case.queries} queries "
        "of Square. Percent, mean ± standard deviation over seeds, which set all but the rule."
    )
    lines = [f"## Gradient masking on {case.dataset}\n", textwrap.fill(about, LINE_WIDTH)]
    return "\n".join([*lines, *(line for each in like for line in table(outcomes, each))])


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the missing networks, and write the table after each of them."""
    given = parse(arguments)
    torch.set_num_threads(1)
    like = [
        Case(
            given.dataset, "", epsilon, given.images, given.epochs, given.batch, given.attacked,
            given.queries, seed=0,
        )
        for epsilon in given.epsilon or DEFAULTS[given.dataset]
    ]  # fmt: skip
    outcomes = read_progress(given.progress, Case, Outcome)
    for seed, rule in product(given.seeds, given.rules):
        wanted = [replace(each, rule=rule, seed=seed) for each in like]
        missing = [case for case in wanted if case not in outcomes]
        for case, outcome in measure(missing, given.data_dir) if missing else ():
            append_progress(given.progress, case, outcome)
            outcomes[case] = outcome
            print(case.rule, case.seed, case.epsilon, outcome, flush=True)
        write_section(f"masking_table_{given.dataset}", report(outcomes, like), path=given.results)
    if not given.seeds:
        write_section(f"masking_table_{given.dataset}", report(outcomes, like), path=given.results)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--dataset", choices=sorted(DEFAULTS), default="digits")
    parser.add_argument("--rules", nargs="*", choices=RULES, default=list(RULES))
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--epsilon", nargs="*", help="radii, such as 1/255 2/255")
    parser.add_argument("--images", type=int, default=0, help="training images; 0 for all")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--attacked", type=int, default=256, help="most validation images")
    parser.add_argument("--queries", type=int, default=1000, help="queries of Square")
    parser.add_argument("--data-dir", type=Path, default=default_data_dir())
    parser.add_argument("--progress", type=Path, default=PROGRESS)
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser.parse_args(arguments)


def _share(flags: Tensor) -> float:
    return float(flags.double().mean())


def _spread(values: Sequence[float], form: str) -> str:
    if not values:
        return "-"
    deviation = f" ± {statistics.stdev(values):{form}}" if len(values) > 1 else ""
    return f"{statistics.mean(values):{form}}{deviation}"


if __name__ == "__main__":
    main()
