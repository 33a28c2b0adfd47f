"""PGD and FGSM: the size of their steps, and agreement with foolbox and torchattacks."""

import pytest
import torch
from torch import Tensor, nn

from evonas.errors import ConfigError
from evonas.evaluation.attacks.gradient.fgsm import fgsm
from evonas.evaluation.attacks.gradient.pgd import pgd, pgd_with_restarts

EPSILON = 0.1


@pytest.fixture
def linear() -> tuple[nn.Module, Tensor, Tensor]:
    """Two classes; the loss of label 0 increases along ``sign(w_1 - w_0) = (+, -, +, -)``."""
    layer = nn.Linear(4, 2, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[0.0, 1.0, 0.0, 2.0], [1.0, 0.0, 3.0, 0.0]]))
    images = torch.full((1, 1, 2, 2), 0.5)
    return nn.Sequential(nn.Flatten(), layer), images, torch.tensor([0])


def test_fgsm_moves_to_the_corner_of_the_gradient_sign(
    linear: tuple[nn.Module, Tensor, Tensor],
) -> None:
    network, images, _ = linear
    result = fgsm(network, images, torch.tensor([1]), epsilon=0.25)
    assert result.adversarial.flatten().tolist() == [0.25, 0.75, 0.25, 0.75]


@pytest.mark.parametrize("num_steps", [1, 5, 10])
def test_pgd_step_size_is_total_travel_over_num_steps(
    linear: tuple[nn.Module, Tensor, Tensor], num_steps: int
) -> None:
    network, images, _ = linear
    visited: list[Tensor] = []

    def watched(x: Tensor) -> Tensor:
        visited.append(x.detach())
        logits: Tensor = network(x)
        return logits

    epsilon = 0.25
    # From one corner to the opposite one: after 2 of the 2.5 epsilon the ball ends.
    corner = torch.tensor([1.0, -1.0, 1.0, -1.0]).view(1, 1, 2, 2)
    labels = torch.tensor([1])
    pgd(watched, images, labels, epsilon=epsilon, noise=corner, num_steps=num_steps)
    steps = torch.stack(visited[1:]).diff(dim=0).abs().flatten(1)
    expected = torch.full((4,), min(2.5 / num_steps, 2.0) * epsilon)
    assert torch.allclose(steps[0], expected)
    assert visited[-1].flatten().tolist() == [0.25, 0.75, 0.25, 0.75]


def test_fgsm_matches_foolbox_and_torchattacks(
    trained: nn.Module, batch: tuple[Tensor, Tensor]
) -> None:
    foolbox = pytest.importorskip("foolbox")
    torchattacks = pytest.importorskip("torchattacks")
    images, labels = batch
    ours = fgsm(trained, images, labels, epsilon=EPSILON)
    fooled = trained(torchattacks.FGSM(trained, eps=EPSILON)(images, labels)).argmax(1) != labels
    assert ours.robust.equal(~fooled & ours.correct)
    model = foolbox.PyTorchModel(trained, bounds=(0, 1), device="cpu")
    attack = foolbox.attacks.LinfFastGradientAttack(random_start=False)
    _, shown, succeeds = attack(model, images, labels, epsilons=EPSILON)
    assert ours.robust.equal(~succeeds)
    assert torch.allclose(ours.adversarial[ours.robust], shown[ours.robust], atol=1e-6)


def test_pgd_robust_images_agree_with_foolbox_and_torchattacks(
    trained: nn.Module, batch: tuple[Tensor, Tensor]
) -> None:
    foolbox = pytest.importorskip("foolbox")
    torchattacks = pytest.importorskip("torchattacks")
    images, labels = batch
    noise = torch.rand(images.shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    ours = pgd(trained, images, labels, epsilon=EPSILON, noise=noise, num_steps=20)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        step = 2.5 * EPSILON / 20
        attack = torchattacks.PGD(trained, eps=EPSILON, alpha=step, steps=20)
        theirs = trained(attack(images, labels)).argmax(1) == labels
        model = foolbox.PyTorchModel(trained, bounds=(0, 1), device="cpu")
        other = foolbox.attacks.LinfPGD(abs_stepsize=step, steps=20)
        _, _, succeeds = other(model, images, labels, epsilons=EPSILON)
    # from other starts, and judged at the last point alone: single images differ, either way
    for reference in (theirs, ~succeeds):
        assert int((ours.robust != reference).sum()) <= 4
        assert ours.robust.sum() <= reference.sum() + 1


def test_pgd_restarts_are_the_worst_case_of_single_runs(
    trained: nn.Module, batch: tuple[Tensor, Tensor]
) -> None:
    images, labels = batch
    labels = torch.where(torch.arange(len(labels)) % 7 == 0, (labels + 1) % 10, labels)
    noises = torch.rand((4, *images.shape), generator=torch.Generator().manual_seed(0)) * 2 - 1
    found = pgd_with_restarts(trained, images, labels, epsilon=EPSILON, noises=noises, num_steps=2)
    singles = [
        pgd(trained, images, labels, epsilon=EPSILON, noise=noise, num_steps=2) for noise in noises
    ]
    robust = torch.stack([single.robust for single in singles])
    assert found.robust.equal(robust.all(0))
    assert int(found.robust.sum()) < int(robust.sum(1).max())  # a single start may not fool all
    fooled = trained(found.adversarial).argmax(1) != labels
    assert fooled.equal(~found.robust)


def test_pgd_rejects_zero_restarts(trained: nn.Module, batch: tuple[Tensor, Tensor]) -> None:
    images, labels = batch
    with pytest.raises(ConfigError, match="restarts of PGD: expected at least 1, got 0"):
        pgd_with_restarts(
            trained, images, labels, epsilon=EPSILON, noises=images[None][:0], num_steps=2
        )
