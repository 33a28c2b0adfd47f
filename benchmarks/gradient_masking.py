"""How robust a network looks under its rule's own backward pass, and how robust it is.

    python -m benchmarks.gradient_masking

One NAS-Bench-201 cell, one rule in every layer, digits, three seeds: clean accuracy, accuracy
under APGD that follows the rule's own backward pass ("apparent"), and under APGD that follows the
true gradient. Prints a table in Markdown.
"""

import statistics
from fractions import Fraction

import torch

from evonas.evaluation.attacks.robustness import robust_accuracy
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.train import train
from evonas.networks import build
from evonas.rules import RULES
from evonas.space import load

CELL = (  # the best of the benchmark on CIFAR-10
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|"
    "+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|"
)
EPSILON = Fraction(16, 255)
SEEDS = (0, 1, 2)


def measure(rule: str, seed: int) -> tuple[float, float, float]:
    """Clean, apparent and true robust accuracy of one trained network."""
    data = load_search_data("digits", seed=seed)
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
    recipe = Recipe(epochs=12, batch=32)
    train(network, data.train, traits=data.traits, recipe=recipe, seed=seed)
    apparent, true = (
        robust_accuracy(
            network, data.validation, epsilon=EPSILON, noise_seed=seed, gradient=gradient
        )
        for gradient in ("surrogate", "true")
    )
    return true.clean, apparent.value, true.value


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    print(f"best CIFAR-10 cell, 8 channels, 1 cell, 12 epochs, eps {EPSILON}, seeds {SEEDS}\n")
    print("| rule | clean | apparent (own backward) | true gradient |")
    print("|---|---|---|---|")
    for rule in RULES:
        columns = zip(*(measure(rule, seed) for seed in SEEDS), strict=True)
        cells = (f"{statistics.mean(c):.3f} ± {statistics.stdev(c):.3f}" for c in columns)
        print(f"| {rule} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
