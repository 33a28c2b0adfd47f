"""Compare the attacks of level L2 of evonas with the authors' AutoAttack ``standard``.

    python -m benchmarks.attacks_against_libraries

Five networks of one NAS-Bench-201 cell, with one rule in every layer or a mix of rules, trained on
digits by ``evonas.evaluate``. Both sides attack the same images along the true gradient; each
attack gets the images that earlier attacks did not break. Reported for both: the share of images
still classified correctly after each attack, the images that only one side breaks, and seconds.
One thread.
"""

import argparse
from fractions import Fraction

import torch

import evonas
from benchmarks.support.sections import write_section
from evonas.evaluation.attacks.level import LevelResult, run_level
from evonas.evaluation.attacks.referee import referee
from evonas.evaluation.attacks.robustness import robust_subset
from evonas.evaluation.attacks.suite import LEVEL_2
from evonas.evaluation.data.loading import load_search_data
from evonas.space import Genome, load

CELL = (  # the best cell of the benchmark on CIFAR-10
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|"
    "+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|"
)
MIX = ("bp", "usf", "fa", "dfa")  # in turn, layer by layer from the input
NETWORKS: dict[str, tuple[str, ...]] = {
    "dfa": ("dfa",), "bp": ("bp",), "fa": ("fa",), "usf": ("usf",), "mix": MIX,
}  # fmt: skip
EPSILON = Fraction(12, 255)
SEED = 0


def trained(rules: tuple[str, ...]) -> torch.nn.Module:
    """A trained network of the cell whose layers learn by the rules in turn."""
    space = load("nas-bench-201").resized(channels=4, cells=1).with_rules(rules)
    genome = space.parse(CELL)
    values = list(genome.values)
    for place, gene in enumerate(space.genes):
        if gene.kind == "rule":
            values[place] = place % len(rules)
    genome = Genome(tuple(values))
    network = evonas.evaluate(
        space, space.canonical(genome), dataset="digits", objectives=("acc",), epochs=24, batch=32,
        device="cpu", seed=SEED, split_seed=SEED,
    ).network  # fmt: skip
    assert network is not None
    return network


def path(result: LevelResult) -> str:
    """The share of images still classified correctly after each attack."""
    return ", ".join(f"{name} {share:.3f}" for name, share in result.after.items())


def row(name: str, rules: tuple[str, ...], *, num_images: int) -> str:
    """Table row that compares both sides on one network."""
    network = trained(rules)
    data = load_search_data("digits", seed=SEED)
    images = robust_subset(data.validation, num_images=num_images, seed=SEED)
    ours = run_level(network, images, LEVEL_2, epsilon=EPSILON, seed=SEED)
    theirs = referee(
        network, images, epsilon=EPSILON, num_classes=data.traits.num_classes, seed=SEED
    )
    cells = [
        f"`{name}`",
        f"{ours.clean:.3f}",
        f"**{ours.value:.3f}**",
        f"{theirs.value:.3f}",
        str(int((theirs.robust & ~ours.robust).sum())),
        str(int((ours.robust & ~theirs.robust).sum())),
        f"{sum(ours.seconds.values()):.0f}",
        f"{sum(theirs.seconds.values()):.0f}",
        path(ours),
        path(theirs),
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table, and write it into its section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=200, help="number of images to attack")
    num_images = parser.parse_args().images
    torch.set_num_threads(1)
    columns = (
        "network", "clean", "L2", "`standard`", "broken by L2 alone", "by `standard` alone",
        "L2 s", "`standard` s", "L2, attack by attack", "`standard`, attack by attack",
    )  # fmt: skip
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    print("\n".join(lines), flush=True)
    for name, rules in NETWORKS.items():
        lines.append(row(name, rules, num_images=num_images))
        print(lines[-1], flush=True)
    write_section("attacks_against_libraries_table", "\n".join(lines))


if __name__ == "__main__":
    main()
