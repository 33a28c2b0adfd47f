"""``bcm``: its equation in loops over batches and units, its selectivity, its threshold."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from evonas.rules import BienenstockCooperMunro, RuleLinear, connect

Maker = Callable[..., Any]


def test_bcm_matches_literal_loop(one_layer: Maker, kind: str) -> None:
    one = one_layer(BienenstockCooperMunro(memory=4.0), kind)
    weight, theta = one.weight, None
    for x in (one.x, torch.randn_like(one.x), torch.randn_like(one.x)):
        events = one.events(x)
        y = (events * weight).flatten(2).sum(2)
        seen = torch.stack([sum(v * v for v in y[:, k]) / len(y) for k in range(4)])
        theta = seen if theta is None else 0.75 * theta + 0.25 * seen
        expected = torch.zeros_like(weight)
        for e in range(len(events)):
            for k in range(4):
                expected[k] += y[e, k] * (y[e, k] - theta[k]) / theta[k] * events[e, k]
        for k in range(4):
            expected[k] /= len(events) * one.energy(x)[k]
        found = one.learn(one.some_signal(), x=x)
        assert torch.allclose(found, expected, rtol=0, atol=1e-12)


def test_each_unit_becomes_selective_for_one_input() -> None:
    layer = RuleLinear(2, 4, bias=False, rule=BienenstockCooperMunro()).double()
    connect(layer, seed=0)
    with torch.no_grad():
        layer.weight.uniform_(0.1, 1.0)
    x = torch.tensor([[1.0, 0.2], [0.2, 1.0]] * 8, dtype=torch.float64)
    for _ in range(3000):
        layer.zero_grad()
        layer(x).sum().backward()
        assert layer.weight.grad is not None
        layer.weight.data -= 0.1 * layer.weight.grad
    answers = layer(x[:2]).detach().sort(0).values
    assert torch.allclose(answers[0], torch.zeros(4).double(), atol=1e-3)
    assert torch.allclose(answers[1], torch.full((4,), 2.0).double(), atol=1e-3)  # 1 / its share


def test_threshold_is_saved_and_changes_only_in_training(
    one_layer: Maker,
) -> None:
    one, twin = (one_layer(BienenstockCooperMunro(), "dense") for _ in range(2))
    one.learn(one.some_signal())
    twin.layer.load_state_dict(one.layer.state_dict())
    assert isinstance(one.layer.kept, Tensor)
    assert torch.equal(one.layer.kept, twin.layer.kept)
    twin.layer.eval()
    twin.layer(2 * one.x).sum().backward()
    assert torch.equal(one.layer.kept, twin.layer.kept)
