"""Laws of every rule with its own update. Oracle: the rule that it sends by."""

import copy
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest
import torch
from torch import nn

from evonas.errors import RuleError
from evonas.rules import (
    RULES,
    AbstractOwnUpdateRule,
    AbstractRule,
    Backprop,
    FeedbackAlignment,
    Oja,
    RuleLinear,
    SoftHebb,
    UniformSign,
    bio_share,
    connect,
    first_layer_representatives,
)

OWN = [name for name, rule in RULES.items() if issubclass(rule, AbstractOwnUpdateRule)]
UNSUPERVISED = ["hebb", "oja", "bcm", "stdp"]
Maker = Callable[..., Any]


def own(name: str, **options: Any) -> AbstractOwnUpdateRule:
    """The rule with this name."""
    rule = RULES[name](**options)
    assert isinstance(rule, AbstractOwnUpdateRule)
    return rule


@pytest.mark.parametrize("name", UNSUPERVISED)
def test_unsupervised_update_ignores_received_signal(one_layer: Maker, name: str) -> None:
    one = one_layer(own(name), "dense")
    other = copy.deepcopy(one)
    signal = one.some_signal()
    assert torch.equal(one.learn(signal), other.learn(0 * signal))


@pytest.mark.parametrize("name", OWN)
def test_nothing_is_learned_in_evaluation_mode_or_when_frozen(one_layer: Maker, name: str) -> None:
    for is_frozen in (False, True):
        one = one_layer(own(name), "dense")
        one.layer.train(is_frozen).requires_grad_(not is_frozen)
        one.layer(one.x).sum().backward()
        assert one.layer.weight.grad is None


SENDING: dict[str, AbstractRule] = {
    "usf": UniformSign(scale="group"),
    "fa": FeedbackAlignment(scale="group"),
}


@pytest.mark.parametrize("name", OWN)
def test_sent_signal_equals_that_of_the_named_rule(one_layer: Maker, name: str) -> None:
    for send in ("usf", "fa", "bp", "none"):
        one = one_layer(own(name, send=send), "strided")
        layer, x, received = one.layer, one.x, one.some_signal()
        wiring = layer.connected
        wiring.aim(torch.tensor([0, 1, 2]))
        outputs = layer(x)
        wiring.watch(torch.zeros(3, 5, dtype=torch.float64, requires_grad=True) * 1.0)
        outputs.backward(received)
        layer.rule = SENDING.get(send, Backprop())
        y = x.detach().requires_grad_()
        layer(y).backward(received)
        assert x.grad is not None
        assert y.grad is not None
        share = 0.0 if send == "none" else 1 - 0.5**4 if name == "pc" else 1.0  # pc relaxes
        assert torch.allclose(x.grad, share * y.grad, rtol=0, atol=1e-12)


def test_layers_below_a_silent_layer_still_learn() -> None:
    network = nn.Sequential(
        RuleLinear(4, 3, rule=Oja()), nn.Tanh(), RuleLinear(3, 2, rule=Oja(send="none"))
    )
    connect(network, seed=0)
    network(torch.randn(5, 4)).sum().backward()
    weight, bias = network[0].parameters()
    assert weight.grad is not None
    assert bias.grad is not None
    assert weight.grad.norm() > 0
    assert bias.grad.norm() == 0


def test_first_layer_representatives_separate_different_updates() -> None:
    found = first_layer_representatives(RULES, list(RULES))
    for name in set(OWN) - {"pc"}:  # pc equals backprop on the first layer
        assert found[name] == name
    assert {found[name] for name in RULES if name not in OWN or name == "pc"} == {"fa"}


@pytest.mark.parametrize(
    ("send", "share"), [("usf", 1.0), ("fa", 1.0), ("none", 1.0), ("bp", 0.0)]
)
def test_sending_through_weights_counts_as_transport(send: Any, share: float) -> None:
    assert bio_share(RuleLinear(3, 3, rule=SoftHebb(send=send))) == share
    assert RULES["pc"].transports == "weights"
    assert bio_share(RuleLinear(3, 3, rule=RULES["pc"]())) == 0.0


@pytest.mark.parametrize("name", OWN)
def test_readout_learns_from_error(name: str) -> None:
    assert RULES[name]().for_readout().updates == "C(x, g)"


@pytest.mark.parametrize("name", OWN)
def test_options_out_of_range_are_rejected(name: str) -> None:
    with pytest.raises(RuleError, match="expected send to be one of usf, fa, bp, none, got 'x'"):
        RULES[name](send="x")  # type: ignore[call-arg]
    for option in fields(RULES[name]()):  # type: ignore[arg-type]
        if not isinstance(option.default, str):
            with pytest.raises(RuleError, match=f"'{name}': expected {option.name} to be a n"):
                RULES[name](**{option.name: float("nan")})
