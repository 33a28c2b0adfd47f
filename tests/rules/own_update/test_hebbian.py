"""``hebb`` and ``oja``: their equations in loops over events and units, and fixed points."""

import copy
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from evonas.rules import Oja, RuleConv2d, RuleLinear, SoftHebb, connect

Maker = Callable[..., Any]


def literal_softhebb(one: Any, temperature: float) -> Tensor:
    weight, groups = one.weight, one.layer.groups
    total = torch.zeros_like(weight)
    for seen in one.events(one.x):
        u = [float((seen[k] * weight[k]).sum()) for k in range(4)]
        for group in torch.arange(4).view(groups, -1).tolist():
            partition = sum(math.exp(temperature * u[k]) for k in group)
            winner = max(group, key=lambda k: u[k])
            for k in group:
                y = math.exp(temperature * u[k]) / partition * (1 if k == winner else -1)
                total[k] += y * (seen[k] - u[k] * weight[k])
    total /= total.abs().max()
    for k in range(4):
        total[k] *= abs(float(weight[k].norm()) - 1) ** 0.5
    return total


def literal_oja(one: Any) -> Tensor:
    weight: Tensor = one.weight
    events: Tensor = one.events(one.x)
    total = torch.zeros_like(weight)
    for seen in events:
        for k in range(4):
            u = (seen[k] * weight[k]).sum()
            total[k] += u * seen[k] - u * u * weight[k]
    for k in range(4):
        total[k] /= len(events) * one.energy(one.x)[k]
    return total


def test_softhebb_matches_literal_loop(one_layer: Maker, kind: str) -> None:
    """Without competitors (depthwise) it equals Oja's rule."""
    one = one_layer(SoftHebb(temperature=0.8), kind)
    expected = literal_oja(one) if kind == "depthwise" else literal_softhebb(one, 0.8)
    assert torch.allclose(one.learn(one.some_signal()), expected, rtol=0, atol=1e-12)


def test_oja_matches_literal_loop(one_layer: Maker, kind: str) -> None:
    one = one_layer(Oja(), kind)
    assert torch.allclose(one.learn(one.some_signal()), literal_oja(one), rtol=0, atol=1e-12)


def test_oja_converges_to_leading_eigenvector_of_unit_length() -> None:
    layer = RuleLinear(5, 2, bias=False, rule=Oja()).double()
    connect(layer, seed=0)
    x = torch.randn(400, 5, dtype=torch.float64) * torch.tensor([3.0, 1, 1, 1, 0.5]).double()
    for _ in range(400):
        step(layer, x, rate=0.5)
    values, vectors = torch.linalg.eigh(x.t() @ x)
    leading = vectors[:, values.argmax()]
    assert torch.allclose((layer.weight @ leading).abs(), torch.ones(2).double(), atol=1e-6)
    assert torch.allclose(layer.weight.norm(dim=1), torch.ones(2).double(), atol=1e-6)


def test_any_rate_below_one_is_stable_whatever_the_scales_of_the_channels() -> None:
    """A depthwise unit sees one channel, and must not be scaled by the energy of the others."""
    layer = RuleConv2d(16, 16, 3, groups=16, bias=False, rule=Oja()).double()
    connect(layer, seed=0)
    x = torch.rand(8, 16, 6, 6, dtype=torch.float64)
    x[:, 0] *= 100.0
    for _ in range(200):
        step(layer, x, rate=0.5)
    assert torch.allclose(
        layer.weight.flatten(1).norm(dim=1), torch.ones(16).double(), rtol=0, atol=1e-3
    )


def step(layer: RuleLinear | RuleConv2d, x: Tensor, *, rate: float) -> None:
    layer.zero_grad()
    layer(x).sum().backward()
    assert layer.weight.grad is not None
    with torch.no_grad():
        layer.weight -= rate * layer.weight.grad


def test_oja_update_does_not_depend_on_input_scale(one_layer: Maker) -> None:
    one = one_layer(Oja(), "dense")
    received = one.some_signal()
    small = one.learn(received)
    assert torch.allclose(one.learn(received, x=1000 * one.x.detach()), small, rtol=1e-12)


def test_softhebb_winner_converges_to_its_cluster_with_unit_length() -> None:
    layer = RuleLinear(3, 2, bias=False, rule=SoftHebb(temperature=20.0)).double()
    connect(layer, seed=0)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[0.5, 0.1, 0.0], [-0.3, 0.2, 0.1]]))
    x = torch.tensor([[1.0, 0.0, 0.0]] * 8, dtype=torch.float64)
    for turn in range(1000):
        step(layer, x, rate=0.1 / (1 + 0.02 * turn))
    assert torch.allclose(layer.weight[0], x[0], atol=0.02)


def test_softhebb_unit_without_response_does_not_change() -> None:
    """The loser's softmax underflows to y = 0, and its weights must stay bit-identical."""
    layer = RuleLinear(3, 2, bias=False, rule=SoftHebb(temperature=1e4)).double()
    connect(layer, seed=0)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[0.5, 0.1, 0.0], [-0.3, 0.2, 0.1]]))
    before = layer.weight.detach().clone()
    step(layer, torch.tensor([[1.0, 0.0, 0.0]] * 8, dtype=torch.float64), rate=0.1)
    assert torch.equal(layer.weight[1], before[1])
    assert not torch.equal(layer.weight[0], before[0])


@pytest.mark.parametrize("rule", [SoftHebb(), Oja()])
def test_zero_inputs_change_nothing(rule: SoftHebb | Oja) -> None:
    layer = RuleLinear(3, 2, rule=rule)
    connect(layer, seed=0)
    layer(torch.zeros(4, 3)).sum().backward()
    assert layer.weight.grad is not None
    assert layer.weight.grad.count_nonzero() == 0


@pytest.mark.parametrize("rule", [SoftHebb(), Oja()])
def test_labels_do_not_change_the_update(rule: SoftHebb | Oja) -> None:
    network = torch.nn.Sequential(RuleLinear(4, 3, rule=rule), torch.nn.Tanh())
    network.append(RuleLinear(3, 2, rule=SoftHebb().for_readout()))
    connect(network, seed=0)
    x = torch.randn(6, 4)
    changes: list[list[Tensor]] = []
    for labels in (torch.tensor([0, 1] * 3), torch.tensor([1, 1, 1, 0, 0, 0])):
        twin = copy.deepcopy(network)
        torch.nn.functional.cross_entropy(twin(x), labels).backward()
        changes.append([p.grad for p in twin.parameters() if p.grad is not None])
    assert torch.equal(changes[0][0], changes[1][0])
    assert not torch.equal(changes[0][2], changes[1][2])  # the readout depends on labels
