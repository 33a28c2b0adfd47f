"""Fixed random magnitudes stay constant, and the signs follow the weights at once."""

import torch
from torch import nn

from evonas.rules import FixedRandomSign, RuleConv2d, connect


def test_magnitudes_stay_while_signs_follow_the_weights() -> None:
    layer = RuleConv2d(4, 6, 3, rule=FixedRandomSign())
    wiring = connect(layer, seed=0)
    magnitudes = layer.feedback().abs()
    optimiser = torch.optim.SGD(layer.parameters(), lr=2.0)
    first_signs = layer.weight.detach().sign()
    for _ in range(3):
        layer(torch.ones(1, 4, 6, 6)).square().mean().backward()
        optimiser.step()
        wiring.advance(learning_rate=2.0)
        assert torch.equal(layer.feedback().abs(), magnitudes)
        assert torch.equal(layer.feedback().sign(), layer.weight.sign())
    assert not torch.equal(layer.weight.sign(), first_signs)


def test_signs_follow_loaded_and_newly_initialised_weights() -> None:
    layer, other = RuleConv2d(4, 6, 3, rule=FixedRandomSign()), nn.Conv2d(4, 6, 3)
    connect(layer, seed=0)
    layer.feedback()
    layer.load_state_dict(other.state_dict())
    assert torch.equal(layer.feedback().sign(), other.weight.sign())
    layer.reset_parameters()
    assert torch.equal(layer.feedback().sign(), layer.weight.sign())
