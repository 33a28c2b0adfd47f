"""Oracle: steps of torch's SGD computed by hand."""

import torch
from torch import nn

from evonas.rules import Oja, RuleLinear, SoftHebb, UniformSign, connect, parameter_groups


def some_network() -> nn.Sequential:
    network = nn.Sequential(
        RuleLinear(3, 4, rule=Oja(learning_rate=0.5)),
        nn.BatchNorm1d(4),
        RuleLinear(4, 4, bias=False, rule=SoftHebb(learning_rate=0.25)),
        RuleLinear(4, 2, rule=UniformSign()),
    )
    connect(network, seed=0)
    return network


def test_own_updates_get_groups_without_momentum_and_decay() -> None:
    network = some_network()
    groups = parameter_groups(
        network, learning_rate=0.1, momentum=0.9, weight_decay=5e-4, nesterov=True
    )
    weights = dict(network.named_parameters())
    assert [
        (len(g["params"]), g["lr"], g["momentum"], g["weight_decay"], g["nesterov"])
        for g in groups
    ] == [(5, 0.1, 0.9, 5e-4, True), (1, 0.5, 0.0, 0.0, False), (1, 0.25, 0.0, 0.0, False)]
    assert groups[1]["params"] == [weights["0.weight"]]
    assert groups[2]["params"] == [weights["2.weight"]]


def test_biases_with_another_rate_shrink_as_fast_as_weights() -> None:
    network = some_network()
    groups = parameter_groups(
        network, learning_rate=0.1, momentum=0.9, weight_decay=0.01, bias_rate=8.0
    )
    weights = dict(network.named_parameters())
    names = ["0.bias", "1.bias", "3.bias"]
    assert [id(p) for p in groups[1]["params"]] == [id(weights[name]) for name in names]
    optimiser = torch.optim.SGD(groups)
    before = {name: value.detach().clone() for name, value in weights.items()}
    for name, value in weights.items():
        value.grad = torch.zeros_like(value)
        if name == "3.bias":
            value.grad += 1.0
    optimiser.step()
    for name in ("1.weight", "3.weight", "1.bias"):  # only decay: 1 - rate x decay for each
        torch.testing.assert_close(weights[name].detach(), before[name] * (1 - 0.1 * 0.01))
    torch.testing.assert_close(
        weights["3.bias"].detach(), before["3.bias"] * (1 - 0.1 * 0.01) - 0.1 * 8.0
    )


def test_own_update_step_is_rate_times_change() -> None:
    network = some_network()
    optimiser = torch.optim.SGD(
        parameter_groups(network, learning_rate=0.1, momentum=0.9, weight_decay=0.1), fused=True
    )
    x = torch.randn(6, 3)
    for _ in range(2):
        optimiser.zero_grad()
        network(x).square().sum().backward()
        weight = network.get_parameter("0.weight")
        assert weight.grad is not None
        expected = weight.detach() - 0.5 * weight.grad
        optimiser.step()
        assert torch.allclose(weight, expected)
