"""Networks and small tools that the tests of several rules share."""

from collections.abc import Callable, Iterator

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from evonas.rules import RULES, AbstractRule, RuleConv2d, RuleLinear, connect, wirings


@pytest.fixture(autouse=True)
def _seeded_initial_weights() -> Iterator[None]:
    """Torch initialises layers from its global generator; no test depends on another's draws."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.fixture(params=sorted(RULES))
def rule(request: pytest.FixtureRequest) -> AbstractRule:
    """Each rule in turn; one that is added to the table is tested without a new test."""
    return RULES[request.param]()


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


class SmallNetwork(nn.Module):
    """Every kind of rule layer: dense, depthwise, dilated, strided, linear; float64, eval mode."""

    def __init__(self, rules: list[AbstractRule]) -> None:
        super().__init__()
        stem, depthwise, dilated, strided, classifier = rules
        self.stem = RuleConv2d(2, 4, 3, padding=1, rule=stem)
        self.depthwise = RuleConv2d(4, 4, 3, padding=1, groups=4, bias=False, rule=depthwise)
        self.dilated = RuleConv2d(4, 4, 3, padding=2, dilation=2, rule=dilated)
        self.strided = RuleConv2d(4, 6, 1, stride=2, bias=False, rule=strided)
        self.norm = nn.BatchNorm2d(6)
        self.classifier = RuleLinear(6, 3, rule=classifier)
        self.double().eval()
        self.wiring = connect(self, seed=5)

    def forward(self, images: Tensor) -> Tensor:
        """Images (batch, 2, H, W) to logits (batch, 3)."""
        hidden = torch.tanh(self.stem(images))
        hidden = torch.tanh(self.dilated(self.depthwise(hidden))) + hidden
        hidden = torch.tanh(self.norm(self.strided(hidden)))
        return self.wiring.watch(self.classifier(hidden.mean((2, 3))))


NetworkMaker = Callable[..., SmallNetwork]


@pytest.fixture
def small_network() -> NetworkMaker:
    """Makes a :class:`SmallNetwork` of always the same weights, from one rule or five."""

    def make(*rules: AbstractRule) -> SmallNetwork:
        five = list(rules) if len(rules) == 5 else [rules[0]] * 5
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return SmallNetwork(five)

    return make


@pytest.fixture
def batch(generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Images (5, 2, 7, 6) and labels (5,) for a small network."""
    images = torch.randn(5, 2, 7, 6, dtype=torch.float64, generator=generator)
    return images, torch.randint(0, 3, (5,), generator=generator)


@pytest.fixture
def gradients() -> Callable[[nn.Module, Tensor, Tensor], dict[str, Tensor]]:
    """The gradient of cross-entropy in every parameter and in the images, by name."""

    def compute(network: nn.Module, images: Tensor, labels: Tensor) -> dict[str, Tensor]:
        images = images.detach().requires_grad_()
        names, parameters = zip(*network.named_parameters(), strict=True)
        for wiring in wirings(network):
            wiring.aim(labels)
        loss = F.cross_entropy(network(images), labels)
        found = torch.autograd.grad(
            loss, (images, *parameters), allow_unused=True, materialize_grads=True
        )
        return dict(zip(("images", *names), found, strict=True))

    return compute
