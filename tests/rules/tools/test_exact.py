"""Oracle: a twin of plain torch layers with copied weights."""

import random
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from evonas.errors import RuleError
from evonas.rules import RULES, Backprop, FeedbackAlignment, RuleConv2d, connect, true_gradient

Gradients = Callable[..., dict[str, Tensor]]
MIXES = [[name] * 5 for name in RULES] + [
    random.Random(seed).choices(sorted(RULES), k=5) for seed in range(6)
]


class PlainTwin(nn.Module):
    """The small network of conftest.py in torch's own layers."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(2, 4, 3, padding=1)
        self.depthwise = nn.Conv2d(4, 4, 3, padding=1, groups=4, bias=False)
        self.dilated = nn.Conv2d(4, 4, 3, padding=2, dilation=2)
        self.strided = nn.Conv2d(4, 6, 1, stride=2, bias=False)
        self.norm = nn.BatchNorm2d(6)
        self.classifier = nn.Linear(6, 3)
        self.double().eval()

    def forward(self, images: Tensor) -> Tensor:
        """Images (batch, 2, H, W) to logits (batch, 3)."""
        hidden = torch.tanh(self.stem(images))
        hidden = torch.tanh(self.dilated(self.depthwise(hidden))) + hidden
        hidden = torch.tanh(self.norm(self.strided(hidden)))
        logits: Tensor = self.classifier(hidden.mean((2, 3)))
        return logits


@pytest.mark.parametrize("names", MIXES, ids="-".join)
def test_true_gradient_equals_plain_twin_and_rules_return_afterwards(
    names: list[str],
    small_network: Callable[..., nn.Module],
    batch: tuple[Tensor, Tensor],
    gradients: Gradients,
) -> None:
    network = small_network(*[RULES[name]() for name in names])
    twin = PlainTwin()
    known = twin.state_dict()  # a rule may save more tensors
    twin.load_state_dict({name: network.state_dict()[name] for name in known})
    expected = gradients(twin, *batch)
    with true_gradient(network):
        found = gradients(network, *batch)
    for name, gradient in expected.items():
        assert torch.equal(found[name], gradient)
    after = gradients(network, *batch)
    if set(names) != {"bp"}:  # the rules apply again
        assert not torch.allclose(after["images"], expected["images"], rtol=1e-3, atol=0)


def test_contexts_nest_and_end_after_exception(small_network: Callable[..., nn.Module]) -> None:
    network = small_network(FeedbackAlignment())
    wiring = connect(network, seed=0)
    with true_gradient(network):
        with true_gradient(network):
            pass
        assert wiring.exact
    with pytest.raises(KeyError), true_gradient(network):
        raise KeyError
    assert not wiring.exact


def test_context_covers_every_wiring_of_network() -> None:
    network = nn.Sequential(*[RuleConv2d(2, 2, 3, rule=FeedbackAlignment()) for _ in range(2)])
    first, second = connect(network, seed=0), connect(network[1], seed=1)
    with true_gradient(network):
        assert first.exact
        assert second.exact


def test_network_of_plain_layers_keeps_its_gradients(
    batch: tuple[Tensor, Tensor], gradients: Gradients
) -> None:
    twin = PlainTwin()
    expected = gradients(twin, *batch)
    with true_gradient(twin):
        found = gradients(twin, *batch)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], gradient) for name, gradient in expected.items())


def test_unconnected_network_is_rejected() -> None:
    with (
        pytest.raises(RuleError, match="not connected"),
        true_gradient(RuleConv2d(2, 2, 3, rule=Backprop())),
    ):
        pass
