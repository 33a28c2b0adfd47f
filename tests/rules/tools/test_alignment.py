"""Oracles: 0 degrees for the gradient itself, 90 degrees for independent directions."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from evonas.errors import RuleError
from evonas.rules import RULES, RuleConv2d, RuleLinear, alignment, connect


def deep_network(name: str, *, seed: int) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        rule = RULES[name]()
        layers: list[nn.Module] = []
        for width_in, width_out in ((3, 16), (16, 16), (16, 16)):
            layers += [
                RuleConv2d(width_in, width_out, 3, padding=1, rule=rule),
                nn.BatchNorm2d(width_out),
                nn.ReLU(),
            ]
        network = nn.Sequential(*layers, nn.Flatten(), RuleLinear(16 * 36, 10, rule=rule))
    connect(network, seed=seed)
    return network


def angles(name: str) -> list[dict[str, float]]:
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(32, 3, 6, 6, generator=generator)
    labels = torch.randint(0, 10, (32,), generator=generator)
    return [alignment(deep_network(name, seed=seed), images, labels) for seed in range(4)]


def test_backprop_is_aligned_with_itself() -> None:
    for found in angles("bp"):
        assert list(found) == ["0", "3", "6", "10"]
        assert max(found.values()) < 0.05


@pytest.mark.parametrize("name", ["fa", "kp", "dfa"])
def test_random_feedback_is_initially_orthogonal(name: str) -> None:
    stems = [found["0"] for found in angles(name)]
    assert sum(stems) / len(stems) == pytest.approx(90, abs=6)


@pytest.mark.parametrize("name", ["usf", "frsf", "brsf"])
def test_sign_feedback_is_aligned_better_than_orthogonal(name: str) -> None:
    for found in angles(name):
        assert max(found.values()) < 80
        assert found["0"] > found["6"] > 1  # each layer on the way adds to the angle


def test_last_layer_learns_from_true_error() -> None:
    for name in (name for name, rule in RULES.items() if rule.updates == "C(x, g)"):
        assert all(found["10"] < 0.05 for found in angles(name))


def test_angle_matches_cosine_of_gradients(
    small_network: Callable[..., nn.Module], batch: tuple[Tensor, Tensor],
    gradients: Callable[..., dict[str, Tensor]],
) -> None:  # fmt: skip
    found = alignment(small_network(RULES["usf"]()), *batch)
    ours = gradients(small_network(RULES["usf"]()), *batch)
    truth = gradients(small_network(RULES["bp"]()), *batch)
    for name, degrees in found.items():
        a, b = ours[f"{name}.weight"], truth[f"{name}.weight"]
        assert math.cos(math.radians(degrees)) == pytest.approx(
            (a * b).sum().item() / (a.norm() * b.norm()).item()
        )


def test_measuring_alignment_leaves_network_unchanged() -> None:
    network = deep_network("fa", seed=0)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    alignment(network, torch.randn(4, 3, 6, 6), torch.zeros(4, dtype=torch.int64))
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])
    assert all(parameter.grad is None for parameter in network.parameters())


class Recurrent(nn.Module):
    """One layer under direct feedback, used twice; watches its logits itself."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = RuleLinear(3, 3, rule=RULES["dfa"]())
        self.wiring = connect(self, seed=0)

    def forward(self, images: Tensor) -> Tensor:
        """(batch, 3) to logits (batch, 3)."""
        return self.wiring.watch(self.layer(torch.tanh(self.layer(images))))


def test_network_may_watch_its_own_logits() -> None:
    images, labels = torch.eye(3).requires_grad_(), torch.arange(3)
    assert list(alignment(Recurrent(), images, labels)) == ["layer"]


def test_network_without_rule_layers_is_rejected() -> None:
    with pytest.raises(RuleError, match="expected a network with trainable rule layers"):
        alignment(nn.Flatten(), torch.zeros(1, 3), torch.zeros(1, dtype=torch.int64))
