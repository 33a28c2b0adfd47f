"""Oracle: the network that was converted."""

import pytest
import torch
from torch import nn

from evonas.errors import RuleError
from evonas.rules import (
    Backprop,
    FeedbackAlignment,
    RuleConv2d,
    RuleLinear,
    UniformSign,
    convert,
    rule_layers,
    true_gradient,
    weights_by_rule,
    wirings,
)


def some_network() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding="same", bias=False, dtype=torch.float64),
        nn.BatchNorm2d(4, dtype=torch.float64),
        nn.Sequential(nn.ReLU(), nn.Conv2d(4, 6, 3, stride=2, groups=2, dtype=torch.float64)),
        nn.Flatten(),
        nn.Linear(24, 5, dtype=torch.float64),
    )


def test_a_twin_computes_the_same_shares_every_parameter_and_leaves_the_network_alone() -> None:
    network = some_network()
    twin = convert(network, FeedbackAlignment(), seed=0)
    images = torch.randn(2, 3, 6, 6, dtype=torch.float64)
    network.eval()
    assert torch.equal(twin.eval()(images), network(images))
    assert [id(parameter) for parameter in twin.parameters()] == [
        id(p) for p in network.parameters()
    ]
    assert dict(twin.named_buffers()).keys() >= dict(network.named_buffers()).keys()
    assert type(network[0]) is nn.Conv2d
    assert list(rule_layers(twin)) == ["0", "2.1", "4"]
    assert weights_by_rule(twin).keys() == {"fa"}


def test_the_true_gradient_of_a_twin_is_the_networks() -> None:
    network = some_network().eval()
    twin = convert(network, FeedbackAlignment(), seed=0)
    images = torch.randn(2, 3, 6, 6, dtype=torch.float64, requires_grad=True)
    with true_gradient(twin):
        (found,) = torch.autograd.grad(twin(images).square().sum(), images)
    (expected,) = torch.autograd.grad(network(images).square().sum(), images)
    assert torch.equal(found, expected)


def test_rules_by_name_leave_the_rest_to_back_propagation() -> None:
    twin = convert(some_network(), {"2.1": UniformSign()}, seed=0)
    assert [layer.rule for layer in rule_layers(twin).values()] == [
        Backprop(), UniformSign(), Backprop(),
    ]  # fmt: skip


def test_a_twin_can_be_given_other_rules_and_a_single_layer_converts_too() -> None:
    twin = convert(convert(some_network(), UniformSign(), seed=0), FeedbackAlignment(), seed=1)
    assert weights_by_rule(twin).keys() == {"fa"}
    assert wirings(twin)[0].seed == 1
    assert isinstance(convert(nn.Linear(2, 2), UniformSign(), seed=0), RuleLinear)
    assert isinstance(convert(nn.Conv2d(2, 2, 1), UniformSign(), seed=0), RuleConv2d)


def test_a_twin_of_a_network_in_eval_mode_is_in_eval_mode() -> None:
    twin = convert(some_network().eval(), FeedbackAlignment(), seed=0)
    assert not any(module.training for module in twin.modules())


def test_converting_draws_nothing_from_the_global_generator() -> None:
    network = some_network()
    before = torch.random.get_rng_state()
    convert(network, FeedbackAlignment(), seed=0)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_layers_with_a_forward_pass_of_their_own_keep_it() -> None:
    attention = convert(nn.MultiheadAttention(4, 2), FeedbackAlignment(), seed=0)
    assert rule_layers(attention) == {}
    assert weights_by_rule(attention).keys() == {"bp"}


def test_a_name_that_is_not_a_layer_is_refused_with_a_suggestion() -> None:
    with pytest.raises(
        RuleError, match=r"is called '2.2'; did you mean '2.1'\? \(known: 0, 2.1, 4\)"
    ):
        convert(some_network(), {"2.2": UniformSign()}, seed=0)
