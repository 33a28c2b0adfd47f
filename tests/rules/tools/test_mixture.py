"""Oracles: the rule by itself, sums over rules, finite differences in the shares."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from evonas.errors import RuleError
from evonas.rules import (
    RULES,
    AbstractRule,
    AbstractRuleLayer,
    RuleConv2d,
    RuleLinear,
    Wiring,
    connect,
    rule_layers,
)
from evonas.rules.feedback.backprop import Backprop
from evonas.rules.tools.mixture import Mixture, check_mixable, connect_mixtures

LABELS = torch.tensor([0, 1, 2, 0, 1, 2])
RATE = 0.05
MIXED = ("fa", "usf", "kp", "dfa", "hebb", "local")


class Small(nn.Module):
    """Two convolutions, one of them in groups, and a readout; in float64."""

    wiring: Wiring

    def __init__(self, rule: AbstractRule) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(3)
            self.first = RuleConv2d(2, 4, 3, padding=1, rule=rule)
            self.second = RuleConv2d(4, 4, 3, stride=2, padding=1, groups=2, rule=rule)
            self.readout = RuleLinear(4, 3, rule=rule.for_readout())
        self.double()

    def forward(self, images: Tensor) -> Tensor:
        hidden = self.second(self.first(images).tanh()).tanh()
        return self.wiring.watch(self.readout(hidden.mean((2, 3))))


def images() -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(6, 2, 5, 5, dtype=torch.float64, generator=generator)


def update(network: Small, *, create_graph: bool = False) -> tuple[Tensor, ...]:
    """The gradients that an optimiser would get."""
    network.wiring.aim(LABELS)
    loss = F.cross_entropy(network(images()), LABELS)
    parameters = [p for name, p in network.named_parameters() if ".head." not in name]
    return torch.autograd.grad(loss, parameters, create_graph=create_graph)


def with_readings(network: Small) -> Small:
    """Set the readouts of local heads, which start at zero, to nonzero values."""
    for name, parameter in network.named_parameters():
        if name.endswith("head.read"):
            parameter.data = torch.linspace(-1, 1, parameter.numel()).double().view_as(parameter)
    return network


def mixed(names: Sequence[str], shares: Sequence[Tensor]) -> Small:
    """A network with one tensor of shares per layer."""
    network = Small(Backprop())
    rules = tuple(RULES[name]() for name in names)
    readouts = tuple(rule.for_readout() for rule in rules)
    network.wiring, kept = connect_mixtures(network, [*rules, *readouts], seed=5, num_classes=3)
    for (name, layer), share in zip(rule_layers(network).items(), shares, strict=True):
        chosen = readouts if name == "readout" else rules
        layer.rule = Mixture(chosen, share, kept[name], RATE)
    return with_readings(network)


def one_hot(names: Sequence[str], name: str) -> Tensor:
    return torch.tensor([float(each == name) for each in names], dtype=torch.float64)


@pytest.mark.parametrize("name", sorted(RULES))
def test_mixture_of_one_rule_equals_that_rule(name: str) -> None:
    alone = Small(RULES[name]())
    alone.wiring = connect(alone, seed=5, num_classes=3)
    expected = update(with_readings(alone))
    names = (name, "bp") if name != "bp" else ("bp", "fa")
    found = update(mixed(names, [one_hot(names, name)] * 3))
    rate = RULES[name]().own_learning_rate or RATE
    keys = [key for key, _ in alone.named_parameters() if ".head." not in key]
    for key, one, other in zip(keys, found, expected, strict=True):
        is_own = key.endswith("weight") and not key.startswith("readout")
        torch.testing.assert_close(one, other * (rate / RATE if is_own else 1.0))


def test_head_learns_in_proportion_to_share_of_its_rule() -> None:
    alone = Small(RULES["local"]())
    alone.wiring = connect(alone, seed=5, num_classes=3)
    shares = torch.tensor([0.75, 0.25], dtype=torch.float64)
    learnt = []
    for network in (with_readings(alone), mixed(("local", "usf"), [shares] * 3)):
        network.wiring.aim(LABELS)
        F.cross_entropy(network(images()), LABELS).backward()
        learnt.append([network.get_parameter(f"first.head.{x}").grad for x in ("read", "offset")])
    for one, other in zip(*learnt, strict=True):
        assert one is not None
        torch.testing.assert_close(other, 0.75 * one)


def test_first_layer_update_is_mean_over_rules_above() -> None:
    """The signal passes the second layer once, so the first update is linear in its shares."""
    shares = torch.tensor([0.1, 0.3, 0.1, 0.2, 0.2, 0.1], dtype=torch.float64)
    below = [one_hot(MIXED, "usf")] * 2
    found = update(mixed(MIXED, [below[0], shares, below[1]]))[0]
    expected = torch.zeros_like(found)
    for name, share in zip(MIXED, shares, strict=True):
        alone = update(mixed(MIXED, [below[0], one_hot(MIXED, name), below[1]]))[0]
        expected += share * alone
    torch.testing.assert_close(found, expected)


def test_share_derivative_matches_finite_differences() -> None:
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(3, len(MIXED), dtype=torch.float64, generator=generator)
    logits.requires_grad_()
    direction = [
        torch.randn(parameter.shape, dtype=torch.float64, generator=generator)
        for parameter in Small(Backprop()).parameters()
    ]

    def projected(logits: Tensor) -> Tensor:
        changes = update(mixed(MIXED, list(logits.softmax(1))), create_graph=True)
        return torch.stack(
            [(change * along).sum() for change, along in zip(changes, direction, strict=True)]
        ).sum()

    assert torch.autograd.gradcheck(projected, (logits,), check_undefined_grad=False)


def test_mixture_without_gradients_gives_equal_outputs() -> None:
    network = mixed(MIXED, [one_hot(MIXED, "fa")] * 3)
    with torch.no_grad():
        expected = network(images())
    torch.testing.assert_close(network(images()), expected)


def test_rule_of_unknown_kind_is_rejected() -> None:
    @final
    @dataclass(frozen=True)
    class Strange(AbstractRule):
        name = "strange"

        def run(self, layer: AbstractRuleLayer, inputs: Tensor) -> Tensor:
            return layer.run_exactly(inputs)

        def feedback(self, layer: AbstractRuleLayer) -> Tensor:
            return layer.weight

    with pytest.raises(RuleError, match="rule 'strange' cannot share a layer"):
        check_mixable([Backprop(), Strange()])
