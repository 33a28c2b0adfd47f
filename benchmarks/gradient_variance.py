"""Test whether a mix of rules has less variable gradients than single rules (BioNAS's claim).

    python -m benchmarks.gradient_variance digits
    python -m benchmarks.gradient_variance cifar10 --data-dir data

One NAS-Bench-201 cell; back-propagation, six rules in every layer, and random mixes of the six,
each from the same initial weights per seed. Measured over mini-batches at fixed weights: the
normalised variance of each layer's update (its variance over its squared mean; geometric mean over
layers) and the cosine with back-propagation (mean over layers). The weights are the initial ones,
those of back-propagation early in training, and those of each assignment early in training. Prints
tables in Markdown, with standard deviations over seeds. Finished seeds are appended to a progress
file and not measured again.
"""

import argparse
import json
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.stats import ttest_1samp

from evonas.evaluation.accuracy import accuracy
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.diagnostics.mini_batches import Batch, mini_batches
from evonas.evaluation.diagnostics.rule_twins import count_steps, rule_twin
from evonas.evaluation.diagnostics.update_noise import REFERENCE, update_noise
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.train import train
from evonas.networks import Network
from evonas.seeds import derive_seed
from evonas.space import Genome, Space, load

CELL = (  # the best cell of the benchmark on CIFAR-10
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|"
    "+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|"
)
RULES = ("fa", "usf", "frsf", "brsf", "kp", "dfa")
MIX = "mix"
STATES = ("initial", "bp's weights", "its own weights")


@dataclass(frozen=True)
class Plan:
    """Extent of the measurements on one data set.

    Attributes:
        images: number of training images; None for all.
        batch: batch size of training and measurement.
        epochs: number of epochs of the whole recipe, which the learning rate follows.
        until: epoch at which the measurement takes place.
        batches: number of mini-batches measured.
        mixes: number of random mixes per seed.
        dataset: name of the data set.
    """

    images: int | None
    batch: int
    epochs: int
    until: int
    batches: int
    mixes: int
    dataset: str


PLANS = {
    "digits": Plan(None, 32, 12, 2, 33, 3, "digits"),
    "cifar10": Plan(2000, 64, 12, 2, 31, 2, "cifar10"),
}


@dataclass(frozen=True)
class Row:
    """One assignment at one state of the weights.

    Attributes:
        variance: normalised variance, geometric mean over layers.
        cosine: cosine with back-propagation, mean over layers.
        acc: validation accuracy of the network trained by this assignment.
    """

    variance: float
    cosine: float
    acc: float


def assignments(space: Space, plan: Plan, seed: int) -> Iterator[tuple[str, Genome]]:
    """Every single rule and the mixes, as genomes of ``space``."""
    operations = space.parse(CELL).values
    choices = space.rule_choices
    rng = random.Random(derive_seed(seed, MIX))
    first = next(i for i, gene in enumerate(space.genes) if gene.kind == "rule")
    count = len(space.genes) - first
    for rule in choices:
        yield rule, Genome((*operations[:first], *[choices.index(rule)] * count))
    for number in range(plan.mixes):
        drawn = [choices.index(rng.choice(RULES)) for _ in range(count)]
        yield f"{MIX} {number}", Genome((*operations[:first], *drawn))


def measure(name: str, plan: Plan, seed: int, data_dir: Path) -> dict[str, dict[str, Row]]:
    """Rows by state and assignment, of one seed."""
    data = load_search_data(name, seed=seed, data_dir=data_dir, num_images=plan.images)
    space = load("nas-bench-201").resized(channels=8, cells=1).with_rules((REFERENCE, *RULES))
    genomes = dict(assignments(space, plan, seed))
    batches = mini_batches(data.train, batch=plan.batch, count=plan.batches, seed=seed)
    recipe = Recipe(epochs=plan.epochs, batch=plan.batch)

    def network(assignment: str, weights: Mapping[str, torch.Tensor] | None = None) -> Network:
        genome = genomes[assignment]
        built = rule_twin(space, genome, data.traits, seed=seed, weights=weights)
        if weights is not None:
            count_steps(built, recipe, num_images=len(data.train), epochs=plan.until)
        return built

    trained = {}
    for assignment in genomes:
        fresh = network(assignment)
        train(fresh, data.train, traits=data.traits, recipe=recipe, seed=seed, until=plan.until)
        trained[assignment] = fresh
    acc = {each: accuracy(net.eval(), data.validation) for each, net in trained.items()}
    known = trained[REFERENCE].state_dict()
    found = {
        "initial": _rows({each: network(each) for each in genomes}, batches, acc),
        "bp's weights": _rows({each: network(each, known) for each in genomes}, batches, acc),
        "its own weights": {},
    }
    for each, net in trained.items():
        # gives the true gradient at the same weights, as the reference for the updates
        twin = network(REFERENCE, net.state_dict())
        rows = _rows({REFERENCE: twin, each: net}, batches, acc)
        found["its own weights"][each] = rows[each]
    return found


def _rows(
    networks: Mapping[str, Network], batches: Sequence[Batch], acc: Mapping[str, float]
) -> dict[str, Row]:
    layers = defaultdict(list)
    for one in update_noise(networks, batches):
        layers[one.assignment].append(one)
    return {
        each: Row(
            variance=float(np.exp(np.mean([np.log(one.nv) for one in some]))),
            cosine=statistics.fmean(one.cosine for one in some),
            acc=acc[each],
        )
        for each, some in layers.items()
    }


def show_state(state: str, by_seed: Sequence[Mapping[str, Row]]) -> None:
    """Print the table of one state, and compare the mixes with the single rules."""
    print(f"\n### {state}\n")
    print("| rules | normalised variance | cosine with `bp` | acc |")
    print("|---|---|---|---|")
    for group in (REFERENCE, *RULES, MIX):
        values = [
            [row for name, row in rows.items() if name.partition(" ")[0] == group]
            for rows in by_seed
        ]
        cells = [
            _spread([statistics.fmean(getattr(row, field) for row in rows) for rows in values])
            for field in ("variance", "cosine", "acc")
        ]
        print(f"| {'random mixes' if group == MIX else group} | {' | '.join(cells)} |")
    logs, below, count = [], 0, 0
    for rows in by_seed:
        single = [np.log(rows[rule].variance) for rule in RULES]
        mixes = [np.log(row.variance) for name, row in rows.items() if name.startswith(MIX)]
        logs.append(float(np.mean(mixes) - np.mean(single)))
        below += sum(mix < min(single) for mix in mixes)
        count += len(mixes)
    p = float(ttest_1samp(logs, 0.0).pvalue)
    error = statistics.stdev(logs) / len(logs) ** 0.5
    print(
        f"\nA mix over the geometric mean of the six single rules: {np.exp(np.mean(logs)):.2f} "
        f"(logarithm {np.mean(logs):+.3f} ± {error:.3f}, p {p:.2g}, {len(logs)} seeds); "
        f"{below} of {count} mixes vary less than every single rule."
    )


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.fmean(values):.3g} ± {statistics.stdev(values):.2g}"


def _kept(path: Path, plan: Plan) -> dict[int, dict[str, dict[str, Row]]]:
    """Results of seeds that were already measured with this plan, from the progress file."""
    if not path.exists():
        return {}
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        known = json.loads(line)
        if (known["plan"], known.get("rules")) == (repr(plan), list(RULES)):
            found[known["seed"]] = {
                state: {name: Row(**row) for name, row in rows.items()}
                for state, rows in known["found"].items()
            }
    return found


def main() -> None:
    """Measure the missing seeds one after another, and print all results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", choices=list(PLANS))
    parser.add_argument("--data-dir", type=Path, default=Path("data"))
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--progress", type=Path, default=Path("gradient_variance.jsonl"))
    given = parser.parse_args()
    plan = PLANS[given.dataset]
    torch.set_num_threads(1)
    found = _kept(given.progress, plan)
    for seed in given.seeds:
        if seed in found:
            continue
        start = time.process_time()
        found[seed] = measure(given.dataset, plan, seed, given.data_dir)
        plain = {
            state: {name: asdict(row) for name, row in rows.items()}
            for state, rows in found[seed].items()
        }
        with given.progress.open("a", encoding="utf-8") as file:
            kept = {"plan": repr(plan), "rules": RULES, "seed": seed, "found": plain}
            file.write(json.dumps(kept) + "\n")
        print(f"seed {seed}: {time.process_time() - start:.0f} s of CPU", flush=True)
    print(f"\n{given.dataset}, {plan}, seeds {sorted(found)}")
    if len(found) > 1:
        for state in STATES:
            show_state(state, [found[seed][state] for seed in sorted(found)])


if __name__ == "__main__":
    main()
