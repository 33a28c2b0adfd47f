"""Can assignments of rules in one architecture be ranked without training each of them fully?

    python -m benchmarks.rules_in_one_architecture FOLDER

Some random architectures of NAS-Bench-201 (8 channels, one cell per stage) get one of six rules
per layer, drawn several times. Each assignment is trained for six epochs on digits with five
seeds; their mean accuracy is what the following are compared with, by Kendall's tau within each
architecture: a further training, which no predictor can be expected to beat; shorter trainings;
what a supernet says after some steps by the assignment's own rules, on the same batches for all;
the angle between update and gradient; and the share of weights under rules that transport signs.
Finished measurements are not repeated.
"""

import argparse
import math
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from scipy.stats import kendalltau

from benchmarks.support.means import mean_with_error
from benchmarks.support.progress_file import append_progress, keep_settings, read_progress
from benchmarks.support.sections import write_section
from evonas.evaluation.accuracy import accuracy
from evonas.evaluation.data.images import Images, unit_pixels
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.signals.counted_signals import FREE
from evonas.evaluation.signals.genome_signals import GenomeSignals
from evonas.evaluation.signals.short_training import ShortTraining, update_alignment
from evonas.evaluation.supernet.supernet_guide import SupernetGuide
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.train import train
from evonas.networks import Network, build
from evonas.seeds import derive_seed
from evonas.space import Genome, Space, load

RULES = ("fa", "usf", "frsf", "brsf", "kp", "dfa")
EPOCHS, BATCH = 6, 32
SHORTER = (1, 2, 3)  # epochs
SEEDS = (1, 2, 3, 4, 5)  # of the trainings whose mean is predicted
OTHER_SEED = 6  # of the trainings that predict
COSINES = (0, 8, 16, 33)  # steps of training before the angle is measured; 33 are an epoch
NUM_IMAGES = 128  # for the angle
STEPS = (0, 1, 4, 16, 64)  # by the assignment's own rules in a supernet
SUPERNET_EPOCHS = 18
SUPERNET_SEEDS = (0, 1, 2)
DATA = load_search_data("digits", seed=0)


@dataclass(frozen=True)
class Case:
    """One measurement of one assignment.

    Attributes:
        architecture: number of the architecture.
        assignment: number of the assignment of rules.
        what: what was done with it.
        seed: seed of the training, or of the supernet.
    """

    architecture: int
    assignment: int
    what: str
    seed: int


@dataclass(frozen=True)
class Outcome:
    """A score of the assignment; larger is better."""

    score: float


def assignments(space: Space, *, architecture: int, count: int) -> list[Genome]:
    """Distinct assignments of rules in a random architecture with layers enough."""
    rng = random.Random(architecture)
    while True:
        fixed = space.sample(rng)
        found: dict[str, Genome] = {}
        for _ in range(4 * count):
            values = [
                rng.randrange(len(gene.choices)) if gene.kind == "rule" else value
                for gene, value in zip(space.genes, fixed.values, strict=True)
            ]
            genome = space.canonical(Genome(tuple(values)))
            found[space.key(genome)] = genome
        if len(found) >= count:  # an architecture of few layers has few assignments
            return list(found.values())[:count]


def trained(
    space: Space, genome: Genome, *, seed: int, epochs: int = 1, images: Images = DATA.train
) -> Network:
    """A network after some epochs; the seed alone decides its first weights and its batches."""
    traits = DATA.traits
    network = build(
        space, genome, input_shape=traits.shape, num_classes=traits.num_classes,
        seed=derive_seed(seed, "weights"), mean=traits.mean, deviation=traits.std,
    )  # fmt: skip
    if len(images):
        recipe = Recipe(epochs=epochs, batch=BATCH)
        train(network, images, traits=traits, recipe=recipe, seed=seed)
    return network


def cosine(network: Network) -> float:
    """Cosine between update and gradient on validation images, mean over the layers."""
    images = DATA.validation.subset(torch.arange(NUM_IMAGES))
    pixels = unit_pixels(images.pixels)
    found = update_alignment(ShortTraining(network.train(), pixels, images.labels))
    return found if math.isfinite(found) else 0.0


def supernet(space: Space, *, seed: int) -> SupernetGuide:
    """A supernet that learned random genomes along the exact gradient."""
    recipe = Recipe(epochs=SUPERNET_EPOCHS, batch=BATCH)
    guide = SupernetGuide(space, DATA, recipe=recipe, seed=seed)
    rng = random.Random(seed)
    for _ in range(guide.num_epochs * guide.num_steps):
        guide.learn_genome(space.sample(rng))
    return guide


class Measurements:
    """All measurements; those that a file holds are not repeated."""

    def __init__(self, path: Path, space: Space, groups: Sequence[Sequence[Genome]]) -> None:
        self.known = {c: o.score for c, o in read_progress(path, Case, Outcome).items()}
        self._path = path
        self._space = space
        self._groups = groups

    def train(self) -> None:
        """Train every assignment, and count the weights under rules that transport signs."""
        signals = GenomeSignals((FREE,), self._space, traits=DATA.traits, images=None)
        place = signals.names.index("transports-signs")
        for number, genomes in enumerate(self._groups):
            for which, genome in enumerate(genomes):
                for seed, epochs in [
                    *((seed, EPOCHS) for seed in (*SEEDS, OTHER_SEED)),
                    *((OTHER_SEED, epochs) for epochs in SHORTER),
                ]:
                    case = Case(number, which, training(epochs), seed)
                    if case not in self.known:
                        network = trained(self._space, genome, seed=seed, epochs=epochs)
                        self._keep(case, accuracy(network, DATA.validation))
                for steps in COSINES:
                    case = Case(number, which, f"cosine after {steps} steps", OTHER_SEED)
                    if case not in self.known:
                        some = DATA.train.subset(torch.arange(steps * BATCH))
                        network = trained(self._space, genome, seed=OTHER_SEED, images=some)
                        self._keep(case, cosine(network))
                case = Case(number, which, "share of weights under sign rules", 0)
                if case not in self.known:
                    self._keep(case, float(signals.of(genome)[place]))
            print(f"architecture {number + 1} of {len(self._groups)} trained", flush=True)

    def score(self, *, seed: int) -> None:
        """Train a supernet, and score every assignment after different numbers of steps."""
        cases = [
            (Case(number, which, f"supernet and {steps} steps", seed), genome, steps)
            for number, genomes in enumerate(self._groups)
            for which, genome in enumerate(genomes)
            for steps in STEPS
        ]
        if all(case in self.known for case, _, _ in cases):
            return
        guide = supernet(self._space, seed=seed)
        for case, genome, guide.unrolled in cases:
            if case not in self.known:
                self._keep(case, -guide.score([genome])[0].loss)
        print(f"supernet {seed} scored", flush=True)

    def _keep(self, case: Case, score: float) -> None:
        self.known[case] = score
        append_progress(self._path, case, Outcome(score))


def training(epochs: int) -> str:
    """A training in words."""
    return f"training of {epochs} epoch{'s' * (epochs > 1)}"


def taus(known: dict[Case, float], groups: Sequence[Sequence[Genome]]) -> dict[str, list[float]]:
    """Kendall's tau with the mean of the five trainings: one for each architecture.

    With several supernets, that of an architecture is their mean. An architecture in which a
    predictor says the same of all assignments is left out.
    """
    found: dict[str, list[float]] = {}
    whats = dict.fromkeys(
        (c.what, c.seed) for c in known if c.seed not in SEEDS or "net" in c.what
    )
    for number, genomes in enumerate(groups):
        row = range(len(genomes))
        truth = [
            statistics.mean(known[Case(number, which, training(EPOCHS), seed)] for seed in SEEDS)
            for which in row
        ]
        of_what: dict[str, list[float]] = {}
        for what, seed in whats:
            scores = [known[Case(number, which, what, seed)] for which in row]
            if len(set(scores)) > 1:
                of_what.setdefault(what, []).append(float(kendalltau(scores, truth)[0]))
        for what, some in of_what.items():
            found.setdefault(what, []).append(statistics.mean(some))
    return found


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--architectures", type=int, default=4)
    parser.add_argument("--assignments", type=int, default=12)
    parser.add_argument("--first", type=int, default=0, help="number of the first architecture")
    parser.add_argument("--machine", default="")
    given = parser.parse_args()
    torch.set_num_threads(1)
    keep_settings(given.folder, {"assignments": given.assignments, "first": given.first})
    space = load("nas-bench-201").resized(channels=8, cells=1).with_rules(RULES)
    groups = [
        assignments(space, architecture=given.first + number, count=given.assignments)
        for number in range(given.architectures)
    ]
    measurements = Measurements(given.folder / "measurements.csv", space, groups)
    measurements.train()
    for seed in SUPERNET_SEEDS:
        measurements.score(seed=seed)
    lines = [
        f"`python -m benchmarks.rules_in_one_architecture FOLDER`, torch {torch.__version__}, "
        f"{given.machine}. {given.architectures} architectures with {given.assignments} "
        "assignments each; mean ± standard error over architectures.",
        "",
        "| predicted by | tau with the mean of five trainings |",
        "|---|---|",
        *(
            f"| {what} | {mean_with_error(some, digits=2, sign='+')} |"
            for what, some in taus(measurements.known, groups).items()
        ),
    ]
    write_section("rules_in_one_architecture table", "\n".join(lines))


if __name__ == "__main__":
    main()
