"""One network with every rule: training, bit-identical resumption, exact attack gradients."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from evonas.rules import (
    RULES,
    RuleConv2d,
    RuleLinear,
    connect,
    parameter_groups,
    true_gradient,
    weights_by_rule,
    wirings,
)

WIDTH = 12
GEOMETRIES: tuple[dict[str, Any], ...] = (
    {"padding": 1}, {"padding": 1, "groups": WIDTH}, {"padding": 2, "dilation": 2},
)  # fmt: skip


class Skip(nn.Module):
    """x + f(x): a network this deep needs skips."""

    def __init__(self, inside: nn.Module) -> None:
        super().__init__()
        self.inside = inside

    def forward(self, x: Tensor) -> Tensor:
        """(batch, C, H, W) to the same."""
        result: Tensor = x + self.inside(x)
        return result


def network_of_all_rules() -> nn.Sequential:
    """One convolution for each rule, in turn dense, depthwise and dilated."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers: list[nn.Module] = [RuleConv2d(1, WIDTH, 3, padding=1, rule=RULES["bp"]())]
        for number, rule in enumerate(RULES.values()):
            convolution = RuleConv2d(WIDTH, WIDTH, 3, **GEOMETRIES[number % 3], rule=rule())
            layers += [nn.BatchNorm2d(WIDTH), nn.Tanh(), Skip(convolution)]
        layers += [nn.AdaptiveAvgPool2d(2), nn.Flatten()]
        network = nn.Sequential(*layers, RuleLinear(4 * WIDTH, 3, rule=RULES["usf"]()))
    connect(network, seed=3, num_classes=3)
    return network


def optimiser_of(network: nn.Module) -> torch.optim.SGD:
    return torch.optim.SGD(
        parameter_groups(network, learning_rate=0.05, momentum=0.9, weight_decay=1e-3)
    )


def task() -> tuple[Tensor, Tensor]:
    """Images with a bright square at one of three places, in noise."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(48) % 3
    images = 0.3 * torch.rand(48, 1, 8, 8, generator=generator)
    for image, label in zip(images, labels.tolist(), strict=True):
        image[0, 2 * label : 2 * label + 3, 2 * label : 2 * label + 3] += 0.7
    return images, labels


def train(network: nn.Module, optimiser: torch.optim.SGD, *, steps: int) -> list[float]:
    images, labels = task()
    (wiring,) = wirings(network)
    losses = []
    for _ in range(steps):
        wiring.aim(labels)
        loss = F.cross_entropy(wiring.watch(network(images)), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        wiring.advance(learning_rate=0.05, momentum=0.9, weight_decay=1e-3)
        losses.append(float(loss.detach()))
    return losses


def test_network_of_all_rules_learns_and_every_layer_changes() -> None:
    network = network_of_all_rules()
    assert list(weights_by_rule(network)) == list(RULES)
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    losses = train(network, optimiser_of(network), steps=40)
    assert losses[-1] < 0.2 * losses[0]
    for name, parameter in network.named_parameters():
        if parameter.dim() > 1:
            assert not torch.equal(parameter, before[name])


def test_resumed_training_is_bit_identical() -> None:
    whole = network_of_all_rules()
    train(whole, optimiser_of(whole), steps=10)

    first = network_of_all_rules()
    optimiser = optimiser_of(first)
    train(first, optimiser, steps=6)
    saved = first.state_dict(), optimiser.state_dict(), wirings(first)[0].state()
    resumed = network_of_all_rules()
    resumed.load_state_dict(saved[0])
    optimiser = optimiser_of(resumed)
    optimiser.load_state_dict(saved[1])
    wirings(resumed)[0].restore(saved[2])
    train(resumed, optimiser, steps=4)
    for name, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name


@pytest.mark.parametrize("is_training", [False, True])
def test_true_gradient_for_attacks_equals_backprop(is_training: bool) -> None:
    network = network_of_all_rules()
    train(network, optimiser_of(network), steps=3)
    network.double().train(is_training)
    twin = network_of_all_rules().double().train(is_training)
    twin.load_state_dict(network.state_dict())
    for module in twin.modules():
        if isinstance(module, RuleConv2d | RuleLinear):
            module.rule = RULES["bp"]()
    images, labels = task()
    gradients = []
    for each in (network, twin):
        x = images.double().requires_grad_()
        with true_gradient(each):
            loss = F.cross_entropy(each(x), labels)
        gradients.append(torch.autograd.grad(loss, x)[0])
    assert torch.equal(*gradients)
