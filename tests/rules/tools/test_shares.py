"""Oracle: counting by hand."""

import pytest
from torch import nn

from evonas.rules import (
    Backprop,
    FeedbackAlignment,
    RuleConv2d,
    RuleLinear,
    UniformSign,
    bio_share,
    weights_by_rule,
)


def test_weights_are_counted_under_the_rule_that_trains_them() -> None:
    network = nn.Sequential(
        RuleConv2d(3, 4, 3, rule=FeedbackAlignment()),  # 108
        nn.BatchNorm2d(4),
        RuleConv2d(4, 4, 3, groups=4, bias=False, rule=UniformSign()),  # 36
        RuleLinear(4, 5, rule=Backprop()),  # 20
        nn.Linear(5, 2),  # 10, outside the rules
        RuleLinear(2, 2, rule=FeedbackAlignment()).requires_grad_(False),
    )
    assert weights_by_rule(network) == {"fa": 108, "usf": 36, "bp": 30}
    assert bio_share(network) == pytest.approx(144 / 174)


def test_shared_weight_counts_once() -> None:
    first, second = (RuleLinear(3, 3, rule=FeedbackAlignment()) for _ in range(2))
    second.weight = first.weight
    assert weights_by_rule(nn.Sequential(first, second)) == {"fa": 9}


def test_network_without_weights_has_zero_share() -> None:
    assert bio_share(nn.ReLU()) == 0.0
    assert weights_by_rule(nn.ReLU()) == {}
