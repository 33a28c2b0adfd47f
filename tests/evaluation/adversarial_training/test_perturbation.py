"""Oracles: the closed-form worst case of a linear model, and the starts of other seeds."""

from fractions import Fraction

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from evonas.evaluation.adversarial_training.adversary import (
    Adversary,
    fgsm_adversary,
    pgd_adversary,
)
from evonas.evaluation.adversarial_training.perturbation import Perturbation
from tests.recorder import Recorder

EPSILON = Fraction(1, 10)
SHAPE = (24, 1, 2, 3)


class Linear(nn.Module):
    """Two classes; the margin of class 1 is w . x + b."""

    def __init__(self, weight: Tensor, bias: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight.clone())
        self.bias = nn.Parameter(torch.tensor(bias))

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) to logits (N, 2)."""
        margin = images.flatten(1) @ self.weight + self.bias
        return torch.stack([-margin / 2, margin / 2], dim=1)


@pytest.fixture
def batch() -> tuple[Tensor, Tensor]:
    """Images far from black and white, so that the ball is not clipped."""
    generator = torch.Generator().manual_seed(0)
    images = 0.2 + 0.6 * torch.rand(SHAPE, generator=generator)
    return images, (images.flatten(1).mean(1) > 0.5).long()


def perturbation(adversary: Adversary, *, seed: int = 1) -> Perturbation:
    return Perturbation(adversary, shape=SHAPE, seed=seed, device=torch.device("cpu"))


def number(of: int = 0) -> Tensor:
    return torch.tensor([of])


WEIGHT = torch.tensor([0.5, -2.0, 3.0, 0.1, -0.7, 1.0])


def signed(labels: Tensor) -> Tensor:
    return 2.0 * labels - 1.0


def worst_loss(network: Linear, images: Tensor, labels: Tensor) -> Tensor:
    """Worst-case loss of a linear model, at margin - eps |w|_1."""
    margin = signed(labels) * (images.flatten(1) @ network.weight + network.bias)
    return F.softplus(float(EPSILON) * network.weight.abs().sum() - margin)


def test_pgd_reaches_the_worst_case_of_linear_model(batch: tuple[Tensor, Tensor]) -> None:
    images, labels = batch
    network = Linear(WEIGHT, 0.2)
    points = perturbation(pgd_adversary(7, epsilon=EPSILON))(
        network, images, labels, number=number()
    )
    loss = F.cross_entropy(network(points), labels, reduction="none")
    torch.testing.assert_close(loss, worst_loss(network, images, labels))
    corner = images - float(EPSILON) * (signed(labels)[:, None] * WEIGHT.sign()).view(SHAPE)
    torch.testing.assert_close(points, corner)


def test_fgsm_from_random_start_may_miss_the_worst_case(
    batch: tuple[Tensor, Tensor],
) -> None:
    images, labels = batch
    network = Linear(WEIGHT, 0.2)
    one = perturbation(fgsm_adversary(epsilon=EPSILON))
    points = one(network, images, labels, number=number())
    start = images + float(EPSILON) * one.start(number())
    travel = 1.25 * float(EPSILON) * (signed(labels)[:, None] * WEIGHT.sign()).view(SHAPE)
    low, high = images - float(EPSILON), images + float(EPSILON)
    torch.testing.assert_close(points, (start - travel).maximum(low).minimum(high))
    loss = F.cross_entropy(network(points), labels, reduction="none")
    assert (loss <= worst_loss(network, images, labels) + 1e-6).all()
    assert float(loss.mean().detach()) < float(worst_loss(network, images, labels).mean().detach())


def test_pgd_training_of_linear_model_minimises_worst_case_loss(
    batch: tuple[Tensor, Tensor],
) -> None:
    images, labels = batch
    trained, exact = Linear(WEIGHT, 0.2), Linear(WEIGHT, 0.2)
    perturb = perturbation(pgd_adversary(5, epsilon=EPSILON))
    optimisers = [torch.optim.SGD(each.parameters(), lr=0.3) for each in (trained, exact)]
    before = float(worst_loss(trained, images, labels).mean().detach())
    for step in range(40):
        points = perturb(trained, images, labels, number=number(step))
        losses = (
            F.cross_entropy(trained(points), labels),
            worst_loss(exact, images, labels).mean(),
        )
        for optimiser, loss in zip(optimisers, losses, strict=True):
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    torch.testing.assert_close(trained.weight, exact.weight, rtol=1e-4, atol=1e-4)
    assert float(worst_loss(trained, images, labels).mean().detach()) < before


def test_examples_stay_in_ball_and_pixel_range() -> None:
    images = torch.rand(SHAPE, generator=torch.Generator().manual_seed(3)).round(decimals=1)
    labels = torch.zeros(len(images), dtype=torch.long)
    for adversary in (pgd_adversary(3, epsilon=EPSILON), fgsm_adversary(epsilon=EPSILON)):
        points = perturbation(adversary)(Linear(WEIGHT, 0.0), images, labels, number=number())
        assert (points - images).abs().max() <= float(EPSILON) + 1e-6
        assert points.min() >= 0.0
        assert points.max() <= 1.0


def test_start_is_uniform_and_follows_seed_and_batch_number() -> None:
    adversary = pgd_adversary(2, epsilon=EPSILON)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = perturbation(adversary, seed=1).start(number(4))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first, perturbation(adversary, seed=1).start(number(4)))
    assert not torch.equal(first, perturbation(adversary, seed=2).start(number(4)))
    assert not torch.equal(first, perturbation(adversary, seed=1).start(number(5)))
    wide = Perturbation(adversary, shape=(500, 1, 4, 4), seed=0, device=torch.device("cpu"))
    numbers = wide.start(number())
    assert -1.0 <= float(numbers.min()) < -0.99
    assert 0.99 < float(numbers.max()) < 1.0
    assert abs(float(numbers.mean())) < 0.03
    assert float(numbers.var()) == pytest.approx(1 / 3, abs=0.02)


def test_epsilon_zero_returns_the_images_unchanged(batch: tuple[Tensor, Tensor]) -> None:
    images, labels = batch
    points = perturbation(pgd_adversary(3, epsilon=Fraction(0)))(
        Linear(WEIGHT, 0.0), images, labels, number=number()
    )
    assert torch.equal(points, images)


def test_zero_gradient_leaves_the_random_start(
    batch: tuple[Tensor, Tensor],
) -> None:
    images, labels = batch
    perturb = perturbation(pgd_adversary(3, epsilon=EPSILON))
    points = perturb(Linear(torch.zeros(6), 0.0), images, labels, number=number())
    torch.testing.assert_close(points, images + float(EPSILON) * perturb.start(number()))


def test_perturbation_does_not_update_batch_norm_statistics(batch: tuple[Tensor, Tensor]) -> None:
    images, labels = batch
    network = nn.Sequential(nn.BatchNorm2d(1), nn.Flatten(), nn.Linear(6, 2)).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    perturbation(pgd_adversary(3, epsilon=EPSILON))(network, images, labels, number=number())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())
    assert all(module.training for module in network.modules())


def test_perturbation_never_waits_for_the_device(batch: tuple[Tensor, Tensor]) -> None:
    images, labels = batch
    perturb, of = perturbation(pgd_adversary(2, epsilon=EPSILON)), number()
    network = Linear(WEIGHT, 0.0)
    with Recorder() as recorder:  # it rejects every operation that the host would wait for
        points = perturb(network, images, labels, number=of)
    assert recorder.calls
    assert not torch.equal(points, images)
