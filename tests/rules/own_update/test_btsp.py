"""``btsp``: its equation in loops over plateaus; one event writes a pattern; bounded weights."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from evonas.errors import RuleError
from evonas.rules import BehaviouralTimescale

Maker = Callable[..., Any]


def test_btsp_matches_literal_loop_at_any_signal_scale(one_layer: Maker, kind: str) -> None:
    one = one_layer(BehaviouralTimescale(share=0.2, w_max=0.5), kind)
    received = one.some_signal()
    weight, wanted = one.weight, -one.as_events(received)
    active = one.x.detach().clamp_min(0)
    events = one.events(torch.stack([0.5 * image / image.max() for image in active]))
    least = sorted(wanted.flatten().tolist(), reverse=True)[round(0.2 * wanted.numel()) - 1]
    expected = torch.zeros_like(weight)
    for k in range(4):
        plateaus = [e for e in range(len(events)) if float(wanted[e, k]) >= max(least, 1e-300)]
        for e in plateaus:
            expected[k] += (events[e, k] - weight[k]) / len(plateaus)
    assert torch.allclose(one.learn(received), expected, rtol=0, atol=1e-12)
    assert torch.allclose(one.learn(1e-6 * received), expected, rtol=0, atol=1e-12)


def test_zero_signal_writes_nothing_and_one_event_writes_its_pattern(
    one_layer: Maker,
) -> None:
    one = one_layer(BehaviouralTimescale(share=0.01), "linear")
    assert one.learn(torch.zeros(3, 2, 4).double()).count_nonzero() == 0
    received = torch.zeros(3, 2, 4, dtype=torch.float64)
    received[1, 0, 2] = -1.0
    before = one.weight.clone()
    one.step(received, rate=1.0)
    pattern = one.x[1].detach().relu()
    assert torch.allclose(one.weight[2], pattern[0] / pattern.max())
    assert torch.equal(one.weight[[0, 1, 3]], before[[0, 1, 3]])


def test_weights_stay_between_start_and_pattern(one_layer: Maker) -> None:
    one = one_layer(BehaviouralTimescale(share=0.5), "dense")
    low = one.weight.clamp_max(0.0).min()
    high = max(1.0, float(one.weight.max()))
    for _ in range(20):
        one.step(one.some_signal(), rate=0.7)
    assert low - 1e-12 <= one.weight.min() <= one.weight.max() <= high + 1e-12


def test_share_above_one_is_rejected() -> None:
    with pytest.raises(RuleError, match="expected share to be at most 1"):
        BehaviouralTimescale(share=1.5)
