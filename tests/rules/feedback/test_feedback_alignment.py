"""Laws of feedback alignment; more in test_rules.py and test_biotorch_parity.py."""

import torch
from torch import nn

from evonas.rules import FeedbackAlignment, RuleConv2d, connect, rule_layers


def test_feedback_is_bit_identical_after_training() -> None:
    network = nn.Sequential(*[RuleConv2d(3, 3, 3, rule=FeedbackAlignment()) for _ in range(2)])
    wiring = connect(network, seed=1)
    before = [layer.feedback().clone() for layer in rule_layers(network).values()]
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    for _ in range(3):
        network(torch.ones(2, 3, 8, 8)).square().mean().backward()
        optimiser.step()
        wiring.advance(learning_rate=0.1)
    after = [layer.feedback() for layer in rule_layers(network).values()]
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(before, after, strict=True))


def test_feedback_depends_only_on_seed_and_layer_number() -> None:
    def feedback(*, seed: int, layers_before: int, weights_from: int) -> torch.Tensor:
        with torch.random.fork_rng():
            torch.manual_seed(weights_from)
            layers = [
                RuleConv2d(3, 3, 3, rule=FeedbackAlignment()) for _ in range(layers_before + 1)
            ]
        connect(nn.Sequential(*layers), seed=seed)
        return layers[-1].feedback()

    first = feedback(seed=1, layers_before=0, weights_from=0)
    assert torch.equal(first, feedback(seed=1, layers_before=0, weights_from=7))
    assert not torch.equal(first, feedback(seed=2, layers_before=0, weights_from=0))
    assert not torch.equal(first, feedback(seed=1, layers_before=1, weights_from=0))


def test_layers_of_equal_shape_have_different_feedback() -> None:
    network = nn.Sequential(*[RuleConv2d(3, 3, 3, rule=FeedbackAlignment()) for _ in range(2)])
    connect(network, seed=1)
    first, second = (layer.feedback() for layer in rule_layers(network).values())
    assert (first == second).sum() == 0


def test_float64_feedback_matches_float32_feedback() -> None:
    layer = RuleConv2d(8, 8, 3, rule=FeedbackAlignment())
    connect(layer, seed=0)
    single = layer.feedback()
    double = layer.double().feedback()
    assert torch.allclose(single.double(), double, rtol=1e-6, atol=0)
