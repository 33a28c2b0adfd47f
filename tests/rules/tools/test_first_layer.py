"""Oracle: gradients of the first layer, which equivalent rules must not change."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from evonas.rules import RULES, RuleConv2d, RuleLinear, connect, first_layer_representatives


def first_gradient(rule: str) -> torch.Tensor:
    torch.manual_seed(0)
    layers = [RuleConv2d(1, 3, 3, rule=RULES[rule]()), nn.Tanh(), nn.Flatten()]
    network = nn.Sequential(*layers, RuleLinear(12, 2, rule=RULES["fa"]()))
    wiring = connect(network, seed=3, num_classes=2)
    wiring.aim(torch.tensor([0, 1, 0, 1, 1]))
    logits = wiring.watch(network(torch.rand(5, 1, 4, 4)))
    F.cross_entropy(logits, torch.tensor([0, 1, 0, 1, 1])).backward()
    weight = network[0].weight
    assert isinstance(weight, nn.Parameter)
    assert weight.grad is not None
    return weight.grad


@pytest.mark.parametrize("name", sorted(RULES))
def test_representative_trains_first_layer_like_the_rule(name: str) -> None:
    representative = first_layer_representatives(RULES, list(RULES))[name]
    assert torch.equal(first_gradient(name), first_gradient(representative))


def test_representative_is_first_rule_without_weight_transport() -> None:
    assert first_layer_representatives(RULES, ["bp", "usf", "fa"]) == dict.fromkeys(
        ["bp", "usf", "fa"], "usf"
    )
    assert first_layer_representatives(RULES, ["bp"]) == {"bp": "bp"}
