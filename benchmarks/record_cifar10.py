"""Accuracy on CIFAR-10 of a strong network in which every weight learns by one rule.

python -m benchmarks.record_cifar10 --rules "kp(scale='group'),bp" --seeds 3 --data-dir DIR

Trains a network, fast-cifar10 or its wide version, with its recipe under each rule, by
``evonas.train``. After an interruption, the same command continues. The section of RESULTS.md is
rewritten after every seed from the finished trainings. The test images are read once per seed.

The convolutions start as partial identities, larger than torch's initial weights, so ``kp`` gets
the larger scale of feedback (``docs/training.md``).
"""

import argparse
import os
from dataclasses import dataclass, replace
from pathlib import Path

import torch

import evonas
from benchmarks.support.command import command
from benchmarks.support.sections import RESULTS, write_section
from evonas.evaluation.architectures.rule_text import split_rules
from evonas.evaluation.final.recipe import FinalRecipe, load_recipe

RECIPES = {"fast-cifar10": "fast-cifar10-long", "fast-cifar10-wide": "fast-cifar10-wide"}
NUM_IMAGES = 50_000  # official training images


@dataclass(frozen=True)
class Trained:
    """The finished seeds of one rule."""

    rule: str
    report: evonas.FinalReport


def shortened(name: str, epochs: int | None) -> FinalRecipe:
    """The recipe of this name, with a warm-up that suits a smaller number of epochs."""
    recipe = load_recipe(name)
    if epochs is None:
        return recipe
    rise = min(recipe.warmup_epochs, epochs // 3)
    return replace(recipe, epochs=epochs, warmup_epochs=rise)


def section(
    found: list[Trained], network: str, recipe: FinalRecipe, *, made_by: str, machine: str
) -> str:
    """The table of what a command made, as Markdown."""
    num_validation = round(recipe.validation_share * NUM_IMAGES)
    chosen = (
        f"The epoch is chosen by {num_validation:,} validation images"
        if num_validation
        else "The last epoch is kept"
    )
    lines = [
        f"## The record on CIFAR-10: {network}",
        "",
        f"`{made_by}`, {recipe.epochs} epochs of "
        f"{NUM_IMAGES - num_validation:,} images, batches of {recipe.batch}, on {machine}. An "
        f"image is classified by the mean of its {recipe.views}; *one view* is the saved network "
        f"as it is. {chosen}, and the 10,000 test images are read once for each seed.",
        "",
        "| rule | seed | test | test, one view | validation | best epoch | bio | minutes |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for trained in found:
        for each in trained.report.results:
            shares = (each.test, each.test_one_view, each.validation)
            written = " | ".join("" if value is None else f"{100 * value:.2f}" for value in shares)
            lines.append(
                f"| {trained.rule} | {each.seed} | {written} | {each.best_epoch} | "
                f"{each.bio:.2f} | {each.seconds / 60:.0f} |"
            )
    return "\n".join([*lines, ""])


def main() -> None:
    """Train, rule by rule and seed by seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", choices=RECIPES, default="fast-cifar10")
    parser.add_argument("--rules", default="kp(scale='group'),bp")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--recipe", default=None, help="that of the network by default")
    parser.add_argument("--epochs", type=int, default=None)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--precision", default=None, choices=["fp32", "tf32", "bf16"])
    parser.add_argument("--data-dir", type=Path, default=None)
    parser.add_argument("--out", type=Path, default=Path("runs/record-cifar10"))
    parser.add_argument("--machine", default=f"{os.cpu_count()} processors")
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    places = ("out", "machine", "results")
    made_by = command("record_cifar10", parser, given, without=places)
    name = given.recipe or RECIPES[given.network]
    recipe = shortened(name, given.epochs)
    rules = split_rules(given.rules)
    found: dict[str, evonas.FinalReport] = {}
    for seeds in range(1, given.seeds + 1):
        for rule in rules:
            folder = f"{given.network}-{rule}-{name}-{recipe.epochs}-epochs"
            found[rule] = evonas.train(
                network=given.network, rule=rule, recipe=recipe, dataset="cifar10",
                data_dir=given.data_dir, device=given.device, precision=given.precision,
                seeds=seeds, out=given.out / folder,
            )  # fmt: skip
            table = [Trained(rule, report) for rule, report in found.items()]
            text = section(table, given.network, recipe, made_by=made_by, machine=given.machine)
            print(text, flush=True)
            write_section(f"record_cifar10 {given.network}", text, path=given.results)


if __name__ == "__main__":
    main()
