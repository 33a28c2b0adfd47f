"""Benefit and cost of a supernet's guidance on scikit-learn's digits.

    python -m benchmarks.supernet_guidance ranking     # of genomes by supernets and by training
    python -m benchmarks.supernet_guidance credit      # of the EG operator in whole searches
    python -m benchmarks.supernet_guidance credit --algorithm evonas
    python -m benchmarks.supernet_guidance similarity  # of children, with this term and without

``ranking``: Kendall's tau between the supernet's loss for genomes of NAS-Bench-201 (8 channels,
one cell per stage) and their mean accuracy over two trainings; and between the two trainings,
which limits what any predictor can reach. ``credit``: children of each operator in runs of
``nsga2``, or of the engine given: how many entered the front, and their accuracy. ``similarity``:
children of the best of some random genomes, by the operator with and without its similarity term,
from twin supernets; their accuracy after training, paired by parent. All print Markdown, the first
two with CPU seconds.
"""

import argparse
import csv
import math
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from scipy.stats import kendalltau, wilcoxon

from evonas.api.searching import new_study
from evonas.evaluation.accuracy import accuracy
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.supernet.supernet_guide import SupernetGuide
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.train import train
from evonas.networks import build
from evonas.search.supernet_guided.eg_mutation import EgMutation, EgSettings
from evonas.search.supernet_guided.guided_search import Credit
from evonas.seeds import derive_seed
from evonas.space import Genome, Space, load
from evonas.study.executors.make import make_executor
from evonas.study.operators_file import OPERATORS_FILE
from evonas.study.run import run_study

RULES = ("fa", "usf", "frsf", "brsf", "kp", "dfa")
EPOCHS, BATCH = 6, 32
NUM_GENOMES, NUM_ASSIGNMENTS = 30, 10
UNROLLED = (0, 1, 4)  # numbers of training steps before a score
GUIDE_SEEDS = (0, 1, 2)
RUN_SEEDS = (0, 1, 2, 3, 4)
PAIR_SEEDS = (10, 11, 12, 13, 14)
NUM_RANDOM, NUM_PARENTS, NUM_CHILDREN = 12, 5, 2
DATA = load_search_data("digits", seed=0)


def some_genomes(space: Space) -> list[Genome]:
    """Distinct random genomes."""
    rng = random.Random(7)
    genomes = {space.key(g): space.canonical(g) for g in (space.sample(rng) for _ in range(100))}
    return list(genomes.values())[:NUM_GENOMES]


def some_assignments(space: Space) -> list[Genome]:
    """Genomes of one architecture, with one of six rules drawn for each site."""
    text = "|nor_conv_3x3~0|+|nor_conv_1x1~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|"
    fixed = space.parse(f"{text}nor_conv_1x1~2|")
    rng = random.Random(8)
    return [
        space.canonical(
            Genome(
                tuple(
                    rng.randrange(len(gene.choices)) if gene.kind == "rule" else value
                    for gene, value in zip(space.genes, fixed.values, strict=True)
                )
            )
        )
        for _ in range(NUM_ASSIGNMENTS)
    ]


def trained_accuracies(
    space: Space, genomes: Sequence[Genome], *, seed: int, epochs: int = EPOCHS
) -> list[float]:
    """Validation accuracies of the trained genomes."""
    found = []
    for genome in genomes:
        traits = DATA.traits
        network = build(
            space,
            genome,
            input_shape=traits.shape,
            num_classes=traits.num_classes,
            seed=derive_seed(seed, space.key(genome)),
            mean=traits.mean,
            deviation=traits.std,
        )
        recipe = Recipe(epochs=epochs, batch=BATCH)
        train(network, DATA.train, traits=traits, recipe=recipe, seed=seed)
        found.append(accuracy(network, DATA.validation))
    return found


def tau(first: Sequence[float], second: Sequence[float]) -> float:
    """Kendall's tau-b."""
    return float(kendalltau(first, second).statistic)


def ranking() -> None:
    """Print two rankings: of random genomes, and of rules in one architecture."""
    space = load("nas-bench-201").resized(channels=8, cells=1).with_rules(RULES)
    sets = {"genomes": some_genomes(space), "rules alone": some_assignments(space)}
    means: dict[str, list[float]] = {}
    for name, genomes in sets.items():
        start = time.process_time()
        one, other = (trained_accuracies(space, genomes, seed=seed) for seed in (1, 2))
        seconds = (time.process_time() - start) / (2 * len(genomes))
        means[name] = [0.5 * (a + b) for a, b in zip(one, other, strict=True)]
        print(
            f"{len(genomes)} {name}: trained {EPOCHS} epochs in {seconds:.2f} CPU s each; "
            f"accuracy {min(means[name]):.3f} to {max(means[name]):.3f}, median "
            f"{statistics.median(means[name]):.3f}; tau between two trainings "
            f"{tau(one, other):.2f}\n",
            flush=True,
        )
    print("| weights learn by | steps before a score | tau, genomes | tau, rules alone |")
    print("|---|---|---|---|")
    learning, scoring = [], []
    for by_rules in (False, True):
        found: dict[tuple[int, str], list[float]] = {}
        for seed in GUIDE_SEEDS:
            start = time.process_time()
            guide = learnings_guide(space, seed=seed, by_rules=by_rules)
            learning.append((time.process_time() - start) / guide.num_epochs)
            for guide.unrolled in UNROLLED:
                start = time.process_time()
                for name, genomes in sets.items():
                    losses = [-score.loss for score in guide.score(genomes)]
                    found.setdefault((guide.unrolled, name), []).append(tau(losses, means[name]))
                if guide.unrolled == 1:
                    count = sum(map(len, sets.values()))
                    scoring.append((time.process_time() - start) / count)
        how = "their rules" if by_rules else "the exact gradient"
        for unrolled in UNROLLED:
            cells = [spread(found[unrolled, name]) for name in sets]
            print(f"| {how} | {unrolled} | {' | '.join(cells)} |", flush=True)
    print(
        f"\nAn epoch of the supernet {statistics.median(learning):.2f} CPU s, a score with one "
        f"step {statistics.median(scoring):.3f} CPU s."
    )


def learnings_guide(space: Space, *, seed: int, by_rules: bool) -> SupernetGuide:
    """A supernet, trained as the EG operator trains its own."""
    recipe = Recipe(epochs=3 * EPOCHS, batch=BATCH)
    guide = SupernetGuide(space, DATA, recipe=recipe, seed=seed, learns_by_rules=by_rules)
    rng = random.Random(seed)
    for _ in range(guide.num_epochs * guide.num_steps):
        guide.learn_genome(space.sample(rng))
    return guide


def spread(values: Sequence[float]) -> str:
    """Mean and standard deviation; a dash if one is undefined, or if there are fewer than two."""
    if len(values) < 2 or any(math.isnan(value) for value in values):
        return "-"
    return f"{statistics.mean(values):.2f} ± {statistics.stdev(values):.2f}"


def credit(algorithm: str) -> None:
    """Print the credit of the operator's children, in full and without parts, and of others."""
    variants = {
        "eg": (),
        "eg without similarity": ("similarity",),
        "eg with every part off": ("gradient", "cma", "similarity", "score"),
    }
    columns = ("children", "entered the front", "on it at the end", "median accuracy")
    print(f"| run | operator | {' | '.join(columns)} | CPU s a run |\n|{'---|' * 7}")
    for name, without in variants.items():
        start = time.process_time()
        earnings = [run_once(seed, without=without, algorithm=algorithm) for seed in RUN_SEEDS]
        seconds = (time.process_time() - start) / len(RUN_SEEDS)
        for operator in ("eg", "plain"):
            counts = [
                sum(getattr(credit_of[operator], field) for credit_of, _ in earnings)
                for field in ("asked", "entered", "on_front")
            ]
            of_runs = [accuracies[operator] for _, accuracies in earnings]
            medians = [statistics.median(some) for some in of_runs if some]
            cells = [*map(str, counts), spread(medians), f"{seconds:.0f}"]
            print(f"| {name} | {operator} | {' | '.join(cells)} |", flush=True)


def run_once(
    seed: int, *, without: tuple[str, ...], algorithm: str
) -> tuple[dict[str, Credit], dict[str, list[float]]]:
    """Credit and accuracies of each operator in a run of 40 candidates in this process."""
    settings: dict[str, Any] = {
        "space": "nas-bench-201", "objectives": ("acc", "params"), "rules": RULES,
        "algorithm": algorithm, "population": 10, "generations": 4, "epochs": 3, "batch": BATCH,
        "channels": 8, "cells": 1, "seed": seed, "attacked_images": 20, "device": "cpu",
        "split_seed": seed, "replicates": "1", "confirm": 0,
        "mutation": "eg", "eg_without": without or "none", "supernet_epochs": 3 * EPOCHS,
        "supernet_channels": 8,
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "run"
        new_study(out=folder, **settings)
        result = run_study(folder, executor=make_executor(1), on_progress=lambda _: None)
        with (folder / OPERATORS_FILE).open(encoding="utf-8") as file:
            operators = {row["key"]: row["operator"] for row in csv.DictReader(file)}
    accuracies: dict[str, list[float]] = {"eg": [], "plain": []}
    for evaluation in result.evaluations:
        if evaluation.failure is None and evaluation.key in operators:
            accuracies[operators[evaluation.key]].append(evaluation.values["acc"])
    return result.credit, accuracies


def similarity() -> None:
    """Print, for each seed, the benefit of the operator's similarity term."""
    space = load("nas-bench-201").resized(channels=8, cells=1).with_rules(RULES)
    print("| seed | parents | with | without | pairs: better with, without | change of genes |")
    print("|---" * 6 + "|")
    differences = []
    for seed in PAIR_SEEDS:
        accuracies, parents = good_genomes(space, seed=seed)
        one, moved = children_of(parents, space, seed=seed, without=())
        other, moved_without = children_of(parents, space, seed=seed, without=("similarity",))
        changes = [a - b for a, b in zip(one, other, strict=True)]
        differences += changes
        print(
            f"| {seed} | {statistics.mean(accuracies):.3f} | {statistics.mean(one):.3f} | "
            f"{statistics.mean(other):.3f} | {sum(c > 0 for c in changes)}, "
            f"{sum(c < 0 for c in changes)} | {moved:.1f}, {moved_without:.1f} |",
            flush=True,
        )
    print(
        f"\nWith minus without, mean over {len(differences)} parents: "
        f"{statistics.mean(differences):+.4f}; Wilcoxon's p {wilcoxon(differences).pvalue:.3f}."
    )


def good_genomes(space: Space, *, seed: int) -> tuple[list[float], list[Genome]]:
    """The best of some random genomes after three epochs, with their accuracies."""
    rng = random.Random(seed)
    some = {space.key(g): g for g in (space.canonical(space.sample(rng)) for _ in range(99))}
    genomes = list(some.values())[:NUM_RANDOM]
    found = trained_accuracies(space, genomes, seed=seed, epochs=3)
    best = sorted(zip(found, genomes, strict=True))[-NUM_PARENTS:]
    return [accuracy for accuracy, _ in best], [genome for _, genome in best]


def children_of(
    parents: Sequence[Genome], space: Space, *, seed: int, without: tuple[str, ...]
) -> tuple[list[float], float]:
    """Mean accuracy of the children of each parent, and the number of genes that they change."""
    guide = SupernetGuide(space, DATA, recipe=Recipe(epochs=3 * EPOCHS, batch=BATCH), seed=seed)
    operator = EgMutation(space, guide, seed=seed, settings=EgSettings(without=without))
    means, moved = [], []
    for parent in parents:
        own = space.key(parent)
        children = operator.children(parent, NUM_CHILDREN, is_new=own.__ne__)
        means.append(statistics.mean(trained_accuracies(space, children, seed=seed, epochs=3)))
        for child in children:
            pairs = zip(child.values, parent.values, strict=True)
            moved.append(sum(a != b for a, b in pairs))
    return means, statistics.mean(moved)


def main() -> None:
    """Run the measurement named on the command line."""
    parser = argparse.ArgumentParser(
        description="Benefit and cost of a supernet's guidance on digits."
    )
    parser.add_argument("measurement", choices=["ranking", "credit", "similarity"])
    parser.add_argument("--algorithm", default="nsga2", help="engine of credit")
    given = parser.parse_args()
    torch.set_num_threads(1)
    match given.measurement:
        case "ranking":
            ranking()
        case "credit":
            credit(given.algorithm)
        case _:
            similarity()


if __name__ == "__main__":
    main()
