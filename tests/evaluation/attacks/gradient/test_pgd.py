"""PGD takes the steps it says, and its one-step limit is FGSM."""

import pytest
import torch
from torch import Tensor, nn

from evonas.evaluation.attacks.gradient.fgsm import fgsm
from evonas.evaluation.attacks.gradient.pgd import pgd


@pytest.fixture
def linear() -> tuple[nn.Module, Tensor, Tensor]:
    """Two classes; the loss of label 0 climbs along ``sign(w_1 - w_0) = (+, -, +, -)``."""
    layer = nn.Linear(4, 2, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[0.0, 1.0, 0.0, 2.0], [1.0, 0.0, 3.0, 0.0]]))
    images = torch.full((1, 1, 2, 2), 0.5)
    return nn.Sequential(nn.Flatten(), layer), images, torch.tensor([0])


def test_fgsm_goes_to_the_corner_that_the_gradient_points_to(
    linear: tuple[nn.Module, Tensor, Tensor],
) -> None:
    network, images, _ = linear
    result = fgsm(network, images, torch.tensor([1]), epsilon=0.25)
    assert result.adversarial.flatten().tolist() == [0.25, 0.75, 0.25, 0.75]


@pytest.mark.parametrize(("num_steps", "travelled"), [(1, 2.5), (5, 2.5), (10, 2.5)])
def test_the_steps_add_up_to_two_and_a_half_epsilon(
    linear: tuple[nn.Module, Tensor, Tensor], num_steps: int, travelled: float
) -> None:
    network, images, _ = linear
    visited: list[Tensor] = []

    def watched(x: Tensor) -> Tensor:
        visited.append(x.detach())
        logits: Tensor = network(x)
        return logits

    epsilon = 0.25
    # From one corner to the opposite one: 2 epsilon of the 2.5 are used, then the ball ends.
    corner = torch.tensor([1.0, -1.0, 1.0, -1.0]).view(1, 1, 2, 2)
    labels = torch.tensor([1])
    pgd(watched, images, labels, epsilon=epsilon, noise=corner, num_steps=num_steps)
    steps = torch.stack(visited[1:]).diff(dim=0).abs().flatten(1)
    expected = torch.full((4,), min(travelled / num_steps, 2.0) * epsilon)
    assert torch.allclose(steps[0], expected)
    assert visited[-1].flatten().tolist() == [0.25, 0.75, 0.25, 0.75]
