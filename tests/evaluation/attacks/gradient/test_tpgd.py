"""TPGD maximises the divergence of TRADES; oracle: torchattacks."""

import pytest
import torch
from torch import Tensor, nn

from evonas.evaluation.attacks.gradient.tpgd import tpgd

EPSILON = 0.1


def test_tpgd_matches_torchattacks_from_the_same_start(
    trained: nn.Module, batch: tuple[Tensor, Tensor]
) -> None:
    torchattacks = pytest.importorskip("torchattacks")
    images, labels = batch
    theirs = torchattacks.TPGD(trained, eps=EPSILON, alpha=2.5 * EPSILON / 10, steps=10)
    with torch.random.fork_rng():  # it draws its start from the global generator
        torch.manual_seed(3)
        noise = torch.randn_like(images)
        torch.manual_seed(3)
        expected = theirs(images, labels)
    seen: list[Tensor] = []

    def watched(x: Tensor) -> Tensor:
        seen.append(x.detach())
        logits: Tensor = trained(x)
        return logits

    found = tpgd(watched, images, labels, epsilon=EPSILON, noise=noise, num_steps=10)
    assert torch.allclose(seen[-1], expected, atol=1e-6)
    right = torch.stack([trained(x).argmax(1) == labels for x in (seen[0], *seen[2:])])
    assert found.robust.equal(right.all(0))
    assert 0 < int(found.robust.sum()) < int(found.correct.sum())


def test_tpgd_ignores_the_labels(trained: nn.Module, batch: tuple[Tensor, Tensor]) -> None:
    images, labels = batch
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    other = (labels + 1) % 10
    first, second = (
        tpgd(trained, images, given, epsilon=EPSILON, noise=noise, num_steps=5)
        for given in (labels, other)
    )
    unmoved = first.robust & ~second.correct
    assert unmoved.any()
    # in the second, these images are wrong from the start; it still returns the last point
    assert first.adversarial[unmoved].equal(second.adversarial[unmoved])
