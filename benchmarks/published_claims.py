"""Test two published claims that networks without weight transport are robust.

    python -m benchmarks.published_claims feedback-alignment --data-dir DIR
    python -m benchmarks.published_claims pepita --data-dir DIR

Akrout (2019, arXiv 1908.03560): under attack, feedback alignment retains 98 % on MNIST, and
back-propagation .03 %. Farinha et al. (2023, arXiv 2309.17348): PEPITA is intrinsically more
robust than back-propagation. Both are tested with attacks along the true gradient, on digits and
on Fashion-MNIST, which must be in the folder. Prints tables in Markdown: mean and standard
deviation over seeds, which determine weights, feedback and the order of the images.
"""

import argparse
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.support.claim_networks import (
    AlongFeedback,
    Probabilities,
    convolutional,
    fully_connected,
    two_layers,
)
from benchmarks.support.pepita import Pepita, TwoLayers
from evonas.evaluation.attacks.ascent import AttackResult
from evonas.evaluation.attacks.gradient.apgd import apgd
from evonas.evaluation.attacks.gradient.pgd import pgd
from evonas.evaluation.attacks.robustness import robust_accuracy, robust_subset, start_noise
from evonas.evaluation.attacks.under_attack import GradientKind
from evonas.evaluation.data.images import Images, SearchData, unit_pixels
from evonas.evaluation.data.loading import load_search_data
from evonas.seeds import derive_seed

SEEDS = (0, 1, 2)
BATCH = 64
ATTACKED = 360  # validation images: digits has no more
STEPS = 20


@dataclass(frozen=True)
class Case:
    """A data set and its training budget.

    Attributes:
        dataset: name of the data set.
        images: number of training images; None for all.
        epochs: number of epochs of back-propagation and feedback alignment.
        pepita_epochs: number of epochs of PEPITA, and of back-propagation compared with it.
        epsilons: radii of the attacks.
    """

    dataset: str
    images: int | None
    epochs: int
    pepita_epochs: int
    epsilons: tuple[float, ...]


CASES = (
    Case("digits", None, 30, 100, (0.05, 0.1, 0.2, 0.5)),
    Case("fashion-mnist", 10_000, 15, 30, (0.02, 0.05, 0.1, 0.3)),
)


def one_step(
    network: Callable[[Tensor], Tensor], images: Tensor, labels: Tensor, /, *,
    epsilon: Fraction | float, noise: Tensor, num_steps: int, loss: str,  # noqa: ARG001
) -> AttackResult:  # fmt: skip
    """FGSM, with the signature of the other attacks."""
    start = torch.zeros_like(noise)
    return pgd(network, images, labels, epsilon=epsilon, noise=start, num_steps=1, loss=loss)


ATTACKS = {"fgsm": (one_step, "ce"), "pgd": (pgd, "ce"), "apgd": (apgd, "ce_scaled")}


def main() -> None:
    """Print the tables of one claim."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("claim", choices=("feedback-alignment", "pepita"))
    parser.add_argument("--data-dir", type=Path, default=Path("data"))
    parser.add_argument("--datasets", nargs="+", default=[case.dataset for case in CASES])
    given = parser.parse_args()
    torch.set_num_threads(1)
    for case in CASES:
        if case.dataset in given.datasets:
            data = load_search_data(
                case.dataset, data_dir=given.data_dir, seed=0, num_images=case.images
            )
            table = feedback_alignment if given.claim == "feedback-alignment" else pepita
            print(f"\n{case.dataset}:\n", flush=True)
            for line in table(case, data):
                print(line, flush=True)


def feedback_alignment(case: Case, data: SearchData) -> Iterator[str]:
    """The rows of the table: two networks under two rules, each attacked in several ways."""
    attacked = robust_subset(data.validation, num_images=ATTACKED, seed=0)
    yield from _header(case, "network", "rule", "clean", "attack")
    for shape in (fully_connected, convolutional):
        for rule in ("bp", "fa"):
            networks = [shape(data.traits, rule=rule, seed=seed) for seed in SEEDS]
            for network, seed in zip(networks, SEEDS, strict=True):
                train_by_gradient(network, data, epochs=case.epochs, seed=seed)
            clean = spread([accuracy(network, attacked) for network in networks])
            ways: list[tuple[str, GradientKind]] = [
                ("fgsm", "true"), ("pgd", "true"), ("apgd", "true"),
            ]  # fmt: skip
            if rule == "fa":
                ways = [("fgsm", "surrogate"), ("pgd", "surrogate"), *ways]
            for attack, gradient in ways:
                values = [
                    [robust(n, attacked, attack, eps, gradient=gradient) for n in networks]
                    for eps in case.epsilons
                ]
                way = f"{attack}, {'own backward' if gradient == 'surrogate' else 'true'}"
                name = shape.__name__.replace("_", " ")
                yield _row(name, f"`{rule}`", clean, way, *map(spread, values))


def pepita(case: Case, data: SearchData) -> Iterator[str]:
    """The rows of the table: PEPITA; back-propagation at equal accuracy; and fully trained."""
    attacked = robust_subset(data.validation, num_images=ATTACKED, seed=0)
    learned: dict[str, list[TwoLayers]] = {"PEPITA": [], "`bp`, as accurate": [], "`bp`": []}
    feedback = []
    for seed in SEEDS:
        network, projection = train_by_pepita(data, epochs=case.pepita_epochs, seed=seed)
        learned["PEPITA"].append(network)
        feedback.append(projection)
        goal = accuracy(network, data.validation)
        for name, aim in (("`bp`, as accurate", goal), ("`bp`", None)):
            twin = two_layers(data.traits, seed=seed)
            train_by_gradient(twin, data, epochs=case.pepita_epochs, seed=seed, goal=aim)
            learned[name].append(twin)
    yield from _header(case, "learned by", "clean", "largest logit", "ce without gradient", "way")
    for name, networks in learned.items():
        about = (
            name,
            spread([accuracy(network, data.validation) for network in networks]),
            spread([largest_logit(network, attacked) for network in networks], digits=1),
            spread([without_gradient(network, attacked) for network in networks]),
        )
        victims: dict[str, tuple[str, Sequence[nn.Module]]] = {
            "fgsm, ce": ("fgsm", networks),
            "pgd, ce": ("pgd", networks),
            "pgd, ce of probabilities": ("pgd", [Probabilities(n) for n in networks]),
            "apgd, rescaled ce": ("apgd", networks),
        }
        if name == "PEPITA":
            led = [AlongFeedback(n, f) for n, f in zip(networks, feedback, strict=True)]
            victims["pgd along F (masked)"] = ("pgd", led)
        for way, (attack, those) in victims.items():
            values = [[robust(n, attacked, attack, eps) for n in those] for eps in case.epsilons]
            yield _row(*about, way, *map(spread, values))


def train_by_gradient(
    network: nn.Module, data: SearchData, *, epochs: int, seed: int, goal: float | None = None
) -> None:
    """Train by SGD with momentum and a cosine schedule, with the updates of the layers' rules.

    With a goal, it uses a tenth of the learning rate and stops at this validation accuracy.
    """
    generator = torch.Generator().manual_seed(derive_seed(seed, "order"))
    rate = 0.05 if goal is None else 0.005
    optimiser = torch.optim.SGD(network.parameters(), lr=rate, momentum=0.9)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    for _ in range(epochs):
        for number, (images, labels) in enumerate(batches(data, generator=generator)):
            optimiser.zero_grad()
            torch.autograd.backward(F.cross_entropy(network(images), labels))
            optimiser.step()
            if goal is not None and number % 4 == 0 and accuracy(network, data.validation) >= goal:
                return
        schedule.step()


def train_by_pepita(data: SearchData, *, epochs: int, seed: int) -> tuple[TwoLayers, Tensor]:
    """The network and F, by the recipe of the authors' README: rate 0.1, a tenth after 60 %."""
    network = two_layers(data.traits, seed=seed)
    order = torch.Generator().manual_seed(derive_seed(seed, "order"))
    rule = Pepita(network, generator=torch.Generator().manual_seed(derive_seed(seed, "F")))
    for epoch in range(epochs):
        rate = 0.1 if epoch < 0.6 * epochs else 0.01
        for images, labels in batches(data, generator=order):
            rule.step(images, labels, learning_rate=rate)
    return network, rule.feedback


def batches(data: SearchData, *, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch of pixels in [0, 1] and labels; the last, smaller batch is dropped."""
    for index in torch.randperm(len(data.train), generator=generator).split(BATCH):
        if len(index) == BATCH:
            yield unit_pixels(data.train.pixels[index]), data.train.labels[index]


def accuracy(network: nn.Module, images: Images) -> float:
    """Share of the images that the network classifies correctly."""
    with torch.no_grad():
        guesses = network(unit_pixels(images.pixels)).argmax(1)
    return float((guesses == images.labels).float().mean())


def robust(
    network: nn.Module,
    images: Images,
    name: str,
    epsilon: float,
    *,
    gradient: GradientKind = "true",
) -> float:
    """Share of images classified correctly both clean and under one of ``ATTACKS``."""
    attack, loss = ATTACKS[name]
    found = robust_accuracy(
        network, images, epsilon=epsilon, num_steps=STEPS, noise_seed=0, loss=loss,
        gradient=gradient, num_honesty_images=0, attack=attack,
    )  # fmt: skip
    return found.value


def largest_logit(network: nn.Module, images: Images) -> float:
    """Median over the images of the largest logit."""
    with torch.no_grad():
        return float(network(unit_pixels(images.pixels)).abs().amax(1).median())


def without_gradient(network: nn.Module, images: Images) -> float:
    """Share of the images whose cross-entropy has no gradient in float32."""
    noise = start_noise(images, noise_seed=0)
    found = pgd(
        network, unit_pixels(images.pixels), images.labels, epsilon=1e-6, noise=noise, num_steps=1
    )
    return 1.0 - float(found.has_gradient.float().mean())


def spread(values: Sequence[float], *, digits: int = 3) -> str:
    """Mean and standard deviation, as text."""
    return f"{statistics.fmean(values):.{digits}f} ± {statistics.stdev(values):.{digits}f}"


def _header(case: Case, *names: str) -> Iterable[str]:
    columns = (*names, *(f"eps {epsilon}" for epsilon in case.epsilons))
    return _row(*columns), "|---" * len(columns) + "|"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
