"""Benefit and cost of adversarial training, for three rules on digits.

    python -m benchmarks.adversarial_training [--rules bp usf fa] [--radii 1/10 8/255]

The best CIFAR-10 cell of NAS-Bench-201 under one rule in every layer, trained on clean images, by
one-step attacks and by PGD-7, at two radii and with three seeds. Measured are accuracy on clean
validation images, and under APGD of 20 steps along the true gradient at the radius of the
training. Trainings of one seed run one after another, and their processor time is divided by that
of standard training, unless that failed. Prints a table in Markdown.
"""

import argparse
import math
import statistics
import time
from collections.abc import Sequence
from fractions import Fraction

import torch

from evonas.errors import CandidateFailure
from evonas.evaluation.adversarial_training.adversary import parse_training
from evonas.evaluation.attacks.robustness import robust_accuracy
from evonas.evaluation.data.images import SearchData
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.train import train
from evonas.networks import build
from evonas.space import load

CELL = (  # the best cell of NAS-Bench-201 on CIFAR-10
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|"
    "+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|"
)
TRAININGS = ("standard", "fgsm", "pgd-7")
RULES = ("bp", "usf", "fa")
RADII = ("1/10", "8/255")
SEEDS = (0, 1, 2)
EPOCHS, BATCH = 12, 32


def measure(
    data: SearchData, *, rule: str, training: str, epsilon: Fraction, seed: int
) -> tuple[float, float, float]:
    """Clean and robust accuracy, and seconds of processor time, of one training.

    Raises:
        CandidateFailure: the training diverged or was overfitted.
    """
    space = load("nas-bench-201").resized(channels=8, cells=1).with_rules((rule,))
    network = build(
        space,
        space.parse(CELL),
        input_shape=data.traits.shape,
        num_classes=data.traits.num_classes,
        seed=seed,
        mean=data.traits.mean,
        deviation=data.traits.std,
    )
    recipe = Recipe(EPOCHS, BATCH, adversary=parse_training(training, epsilon=epsilon))
    begin = time.process_time()
    train(network, data.train, traits=data.traits, recipe=recipe, seed=seed)
    seconds = time.process_time() - begin
    found = robust_accuracy(network, data.validation, epsilon=epsilon, num_steps=20, noise_seed=0)
    return found.clean, found.value, seconds


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--rules", nargs="+", default=RULES)
    parser.add_argument("--radii", nargs="+", default=RADII)
    given = parser.parse_args()
    radii = [Fraction(text) for text in given.radii]
    torch.set_num_threads(1)
    data = load_search_data("digits", seed=0)
    measure(data, rule="bp", training="standard", epsilon=radii[0], seed=0)  # warms up
    print("| radius | rule | training | clean | robust | time | failed |")
    print("|---|---|---|---|---|---|---|")
    for epsilon in radii:
        for rule in given.rules:
            found: dict[str, list[tuple[float, float, float]]] = {each: [] for each in TRAININGS}
            failures = dict.fromkeys(TRAININGS, 0)
            for seed in SEEDS:
                reference = math.nan  # of a standard training that failed
                for training in TRAININGS:
                    try:
                        clean, robust, seconds = measure(
                            data, rule=rule, training=training, epsilon=epsilon, seed=seed
                        )
                    except CandidateFailure:
                        failures[training] += 1
                        continue
                    if training == "standard":
                        reference = seconds
                    found[training].append((clean, robust, seconds / reference))
            for training, values in found.items():
                columns = [_spread([row[place] for row in values]) for place in range(3)]
                cells = (str(epsilon), f"`{rule}`", training, *columns, str(failures[training]))
                print(f"| {' | '.join(cells)} |", flush=True)


def _spread(values: Sequence[float]) -> str:
    known = [value for value in values if not math.isnan(value)]
    if len(known) < 2:
        return f"{known[0]:.3f}" if known else "-"
    return f"{statistics.fmean(known):.3f} ± {statistics.stdev(known):.3f}"


if __name__ == "__main__":
    main()
