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


def test_twin_computes_same_outputs_and_shares_parameters() -> None:
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


def test_true_gradient_of_twin_equals_that_of_network() -> None:
    network = some_network().eval()
    twin = convert(network, FeedbackAlignment(), seed=0)
    images = torch.randn(2, 3, 6, 6, dtype=torch.float64, requires_grad=True)
    with true_gradient(twin):
        (found,) = torch.autograd.grad(twin(images).square().sum(), images)
    (expected,) = torch.autograd.grad(network(images).square().sum(), images)
    assert torch.equal(found, expected)


def test_layers_without_named_rule_use_backprop() -> None:
    twin = convert(some_network(), {"2.1": UniformSign()}, seed=0)
    assert [layer.rule for layer in rule_layers(twin).values()] == [
        Backprop(), UniformSign(), Backprop(),
    ]  # fmt: skip


def test_twins_and_single_layers_can_be_converted() -> None:
    twin = convert(convert(some_network(), UniformSign(), seed=0), FeedbackAlignment(), seed=1)
    assert weights_by_rule(twin).keys() == {"fa"}
    assert wirings(twin)[0].seed == 1
    assert isinstance(convert(nn.Linear(2, 2), UniformSign(), seed=0), RuleLinear)
    assert isinstance(convert(nn.Conv2d(2, 2, 1), UniformSign(), seed=0), RuleConv2d)


def test_twin_of_network_in_eval_mode_is_in_eval_mode() -> None:
    twin = convert(some_network().eval(), FeedbackAlignment(), seed=0)
    assert not any(module.training for module in twin.modules())


def test_conversion_does_not_touch_global_rng() -> None:
    network = some_network()
    before = torch.random.get_rng_state()
    convert(network, FeedbackAlignment(), seed=0)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_layers_with_custom_forward_are_not_converted() -> None:
    attention = convert(nn.MultiheadAttention(4, 2), FeedbackAlignment(), seed=0)
    assert rule_layers(attention) == {}
    assert weights_by_rule(attention).keys() == {"bp"}


def test_unknown_layer_name_is_rejected_with_suggestion() -> None:
    with pytest.raises(
        RuleError, match=r"is called '2.2'; did you mean '2.1'\? \(known: 0, 2.1, 4\)"
    ):
        convert(some_network(), {"2.2": UniformSign()}, seed=0)
