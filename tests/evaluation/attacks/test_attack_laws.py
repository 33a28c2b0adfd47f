"""Laws of every attack: the exact optimum where it is known, the ball, the verdict."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from evonas.evaluation.attacks.ascent import AttackResult, stronger
from evonas.evaluation.attacks.black_box.square import num_square_numbers, square
from evonas.evaluation.attacks.gradient.apgd import apgd
from evonas.evaluation.attacks.gradient.apgd_targeted import apgd_targeted
from evonas.evaluation.attacks.gradient.fgsm import fgsm
from evonas.evaluation.attacks.gradient.pgd import pgd, pgd_with_restarts
from evonas.evaluation.attacks.gradient.tpgd import tpgd
from evonas.evaluation.attacks.random_numbers import uniform_rows

EPSILON = 0.1


def uniform(images: Tensor, *, seed: int = 5) -> Tensor:
    return torch.rand(images.shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def linear(num_classes: int, *, seed: int = 0) -> tuple[nn.Module, Tensor, Tensor, Tensor, Tensor]:
    """A linear classifier, its W (classes, 12) and b, and 300 images with their labels."""
    generator = torch.Generator().manual_seed(seed)
    layer = nn.Linear(12, num_classes)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator))
        layer.bias.copy_(
            torch.randn(num_classes, generator=generator) * 0.1 - layer.weight.sum(1) / 2
        )
    images = torch.rand(300, 3, 2, 2, generator=generator)
    labels = torch.randint(num_classes, (300,), generator=generator)
    return nn.Sequential(nn.Flatten(), layer), layer.weight.data, layer.bias.data, images, labels


def certified(W: Tensor, b: Tensor, images: Tensor, labels: Tensor, *, epsilon: float) -> Tensor:
    """Whether a linear classifier is right in the whole ball: min over x' of the worst margin.

    The margin to one rival is linear, so its minimum over the box is at a corner.
    """
    flat = images.flatten(1)
    low, high = (flat - epsilon).clamp_min(0), (flat + epsilon).clamp_max(1)
    robust = torch.ones(len(flat), dtype=torch.bool)
    for rival in range(len(W)):
        difference = W[labels] - W[rival]
        margin = torch.where(difference > 0, difference * low, difference * high).sum(1)
        margin = margin + b[labels] - b[rival]
        robust &= (margin > 0) | (labels == rival)
    return robust


Run = Callable[[nn.Module, Tensor, Tensor], AttackResult]
RUNS: dict[str, Run] = {
    "fgsm": lambda f, x, y: fgsm(f, x, y, epsilon=EPSILON),
    "pgd": lambda f, x, y: pgd(f, x, y, epsilon=EPSILON, noise=uniform(x), num_steps=10),
    "apgd-ce": lambda f, x, y: apgd(
        f, x, y, epsilon=EPSILON, noise=uniform(x), num_steps=10, loss="ce"
    ),
    "pgd-restarts": lambda f, x, y: pgd_with_restarts(
        f, x, y, epsilon=EPSILON, noises=torch.stack([uniform(x), uniform(x, seed=6)]), num_steps=5
    ),
    "apgd-dlr": lambda f, x, y: apgd(
        f, x, y, epsilon=EPSILON, noise=uniform(x), num_steps=10, loss="dlr"
    ),
    "apgd-t": lambda f, x, y: apgd_targeted(
        f, x, y, epsilon=EPSILON, noises=uniform(x)[None].repeat(4, 1, 1, 1, 1), num_steps=10
    ),
    "apgd-ce_scaled": lambda f, x, y: apgd(
        f, x, y, epsilon=EPSILON, noise=uniform(x), num_steps=10
    ),
}

# these approach an optimum slowly, so the exact law does not hold for them
OTHERS: dict[str, Run] = {
    "tpgd": lambda f, x, y: tpgd(f, x, y, epsilon=EPSILON, noise=uniform(x), num_steps=5),
    "square": lambda f, x, y: square(
        f, x, y, epsilon=EPSILON, num_queries=50,
        numbers=uniform_rows(
            range(len(x)), num_square_numbers((x.shape[1], x.shape[2], x.shape[3]), 50),
            seed=0, name="square",
        ),
    ),
}  # fmt: skip
ALL_RUNS = RUNS | OTHERS


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_attack_reaches_the_optimum_on_two_class_linear_classifier(run: Run) -> None:
    network, W, b, images, labels = linear(2)
    expected = certified(W, b, images, labels, epsilon=EPSILON)
    assert 30 < int(expected.sum()) < 140  # of some 150 that are right on the clean image
    assert run(network, images, labels).robust.equal(expected)


@pytest.mark.parametrize("run", ALL_RUNS.values(), ids=ALL_RUNS)
def test_no_attack_fools_certified_images_of_linear_classifier(run: Run) -> None:
    network, W, b, images, labels = linear(5)
    expected = certified(W, b, images, labels, epsilon=EPSILON)
    robust = run(network, images, labels).robust
    assert not (expected & ~robust).any()
    if run in RUNS.values():
        assert int((robust & ~expected).sum()) <= 3


def test_apgd_targeted_reaches_the_optimum_on_linear_classifier() -> None:
    network, W, b, images, labels = linear(5)
    expected = certified(W, b, images, labels, epsilon=EPSILON)
    assert RUNS["apgd-t"](network, images, labels).robust.equal(expected)


@pytest.mark.parametrize("run", ALL_RUNS.values(), ids=ALL_RUNS)
def test_adversarial_images_stay_in_ball_and_pixel_range(
    trained: nn.Module, batch: tuple[Tensor, Tensor], run: Run
) -> None:
    images, labels = batch
    adversarial = run(trained, images, labels).adversarial
    assert (adversarial - images).abs().max() <= EPSILON + 1e-6
    assert adversarial.min() >= 0
    assert adversarial.max() <= 1


@pytest.mark.parametrize("run", ALL_RUNS.values(), ids=ALL_RUNS)
def test_adversarial_image_fools_exactly_where_not_robust(
    trained: nn.Module, batch: tuple[Tensor, Tensor], run: Run
) -> None:
    images, labels = batch
    labels = torch.where(torch.arange(len(labels)) % 5 == 0, (labels + 1) % 10, labels)
    result = run(trained, images, labels)
    fooled = trained(result.adversarial).argmax(1) != labels
    assert fooled.equal(~result.robust)
    assert result.correct.equal(trained(images).argmax(1) == labels)
    assert not (result.robust & ~result.correct).any()


class WrongOnce:
    """A network whose verdict depends on the call alone: wrong (for label 0) in one of them."""

    def __init__(self, call: int) -> None:
        self.call = call
        self.visited: list[Tensor] = []

    def __call__(self, x: Tensor) -> Tensor:
        """Logits of two classes that hardly depend on the image."""
        first = -1.0 if len(self.visited) == self.call else 1.0
        self.visited.append(x.detach().clone())
        slope = x.flatten(1).mean(1)
        return torch.stack([first + 0.1 * slope, 0.0 * slope], 1)


@pytest.mark.parametrize("call", [*range(7), 99])
@pytest.mark.parametrize("attack", [apgd, pgd])
def test_first_fooling_point_is_returned_as_adversarial(
    attack: Callable[..., AttackResult], call: int
) -> None:
    network = WrongOnce(call)
    images, labels = torch.rand(3, 1, 4, 4), torch.zeros(3, dtype=torch.int64)
    result = attack(network, images, labels, epsilon=EPSILON, noise=uniform(images), num_steps=5)
    assert len(network.visited) == 7  # the clean image, the start and five steps
    assert result.robust.tolist() == [call == 99] * 3
    assert result.correct.tolist() == [call != 0] * 3
    if call < 99:
        assert result.adversarial.equal(network.visited[call])


def test_stronger_keeps_the_image_of_the_first_fooling_attack() -> None:
    def result(robust: list[int], gradient: list[int], value: float, note: str) -> AttackResult:
        shown = torch.full((4, 1, 1, 1), value)
        right = torch.ones(4, dtype=torch.bool)
        return AttackResult(
            shown, torch.tensor(robust).bool(), right, torch.tensor(gradient).bool(), note
        )

    found = stronger(
        result([1, 1, 0, 0], [1, 0, 1, 0], 0.25, "same"),
        result([1, 0, 1, 0], [1, 1, 0, 0], 0.75, "same"),
    )
    assert found.robust.tolist() == [True, False, False, False]
    assert found.adversarial.flatten().tolist() == [0.25, 0.75, 0.25, 0.25]
    assert found.has_gradient.tolist() == [True, True, True, False]
    assert found.note == "same"
