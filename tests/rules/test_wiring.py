"""Saving and restoring the state of a wiring; test_kolen_pollack.py tests its decay."""

from typing import Any

import pytest
import torch
from torch import nn

from evonas.errors import RuleError
from evonas.rules import Backprop, KolenPollack, RuleConv2d, connect, rule_layers, wirings


def test_state_is_restored_bit_for_bit() -> None:
    first = connect(RuleConv2d(2, 2, 3, rule=KolenPollack()), seed=0)
    second = connect(RuleConv2d(2, 2, 3, rule=KolenPollack()), seed=0)
    for _ in range(3):
        first.advance(learning_rate=0.1, weight_decay=0.01, momentum=0.9)
    second.restore(first.state())
    assert second.state() == first.state()
    assert second.step == 3


@pytest.mark.parametrize("way", ["numbers", "tensors", "there and back"])
def test_restored_wiring_decays_like_uninterrupted_one(way: str) -> None:
    """The decay has momentum: a state without it would be right only until the next step."""
    settings: dict[str, Any] = {"learning_rate": 0.1, "weight_decay": 0.01, "momentum": 0.9}
    straight, stopped, resumed = (
        connect(RuleConv2d(2, 2, 3, rule=KolenPollack()), seed=0) for _ in range(3)
    )
    for wiring in (straight, stopped):
        for _ in range(3):
            wiring.advance(**settings)
    if way != "numbers":
        resumed.to_tensors("cpu")
    resumed.restore(stopped.state())
    if way == "there and back":
        resumed.to_numbers()
        resumed.to_tensors("cpu")
    for wiring in (straight, resumed):
        for _ in range(3):
            wiring.advance(**settings)
    assert resumed.state() == straight.state()
    # by hand, with t steps of decay: velocity v = 0.9 v + 0.01 a, decay a = a - 0.1 v
    decay, velocity = 1.0, 0.0
    for _ in range(6):
        velocity = 0.9 * velocity + 0.01 * decay
        decay -= 0.1 * velocity
    assert float(resumed.decay) == pytest.approx(decay, rel=1e-14)


@pytest.mark.parametrize(
    "broken", [{"step": 1}, {"step": 1, "decay": float("nan"), "velocity": 0}]
)
def test_damaged_state_is_rejected(broken: dict[str, float]) -> None:
    wiring = connect(RuleConv2d(2, 2, 3, rule=Backprop()), seed=0)
    with pytest.raises(RuleError, match="state of a wiring: expected a number called 'decay'"):
        wiring.restore(broken)


def test_networks_without_kolen_pollack_need_no_weight_decay() -> None:
    wiring = connect(RuleConv2d(2, 2, 3, rule=Backprop()), seed=0)
    wiring.advance(learning_rate=0.1)
    assert wiring.step == 1
    assert wiring.decay == 1.0


def test_watch_returns_same_logits() -> None:
    wiring = connect(RuleConv2d(2, 2, 3, rule=Backprop()), seed=0)
    logits = torch.zeros(2, 3)
    assert wiring.watch(logits) is logits


def test_layers_are_numbered_in_order_and_shared_layer_once() -> None:
    shared = RuleConv2d(2, 2, 3, rule=Backprop())
    network = nn.Sequential(shared, nn.ReLU(), shared, RuleConv2d(2, 2, 3, rule=Backprop()))
    wiring = connect(network, seed=0)
    assert [layer.number for layer in rule_layers(network).values()] == [0, 1]
    assert wirings(network) == [wiring]


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seed_out_of_range_is_rejected(seed: int) -> None:
    with pytest.raises(RuleError, match=rf"expected a seed in \[0, 2\*\*64\), got {seed}"):
        connect(nn.Identity(), seed=seed)


def test_wirings_of_unconnected_network_are_rejected() -> None:
    with pytest.raises(RuleError, match="not connected"):
        wirings(RuleConv2d(2, 2, 3, rule=Backprop()))
