"""Networks and small tools shared by the tests of rules."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from evonas.rules import RULES, AbstractRule, RuleConv2d, RuleLinear, connect, wirings


@pytest.fixture(autouse=True)
def _seeded_initial_weights() -> Iterator[None]:
    """Seed torch's global generator, which initialises layers, so that tests are independent."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.fixture(params=sorted(RULES))
def rule(request: pytest.FixtureRequest) -> AbstractRule:
    """Each rule in turn, including rules added later."""
    return RULES[request.param]()


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


class SmallNetwork(nn.Module):
    """Network with all kinds of rule layers, in float64 and evaluation mode."""

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
        self.wiring = connect(self, seed=5, num_classes=3)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (batch, 2, H, W) to logits (batch, 3)."""
        hidden = torch.tanh(self.stem(images))
        hidden = torch.tanh(self.dilated(self.depthwise(hidden))) + hidden
        hidden = torch.tanh(self.norm(self.strided(hidden)))
        return self.wiring.watch(self.classifier(hidden.mean((2, 3))))


NetworkMaker = Callable[..., SmallNetwork]


@pytest.fixture
def small_network() -> NetworkMaker:
    """Make a :class:`SmallNetwork` with one rule or five, always with the same weights."""

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
    """Gradients of the cross-entropy for all parameters and the images, by name."""

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


GEOMETRIES: dict[str, dict[str, Any]] = {
    "dense": {"kernel_size": 3, "padding": 1},
    "strided": {"kernel_size": 3, "stride": 2, "padding": 1, "groups": 2},
    "dilated": {"kernel_size": 3, "padding": 2, "dilation": 2, "bias": False},
    "depthwise": {"kernel_size": 3, "padding": 1, "groups": 4},
    "linear": {},
}


class OneLayer:
    """A connected layer with four input and four output channels, in float64, and its input.

    Attributes:
        layer: layer that learns by the rule.
        x: input, (3, 4, 5, 4), or (3, 2, 4) for a linear layer.
    """

    def __init__(self, rule: AbstractRule, kind: str) -> None:
        self.layer: RuleConv2d | RuleLinear
        if kind == "linear":
            self.layer = RuleLinear(4, 4, rule=rule).double()
            x = torch.randn(3, 2, 4, dtype=torch.float64)
        else:
            self.layer = RuleConv2d(4, 4, **GEOMETRIES[kind], rule=rule).double()
            x = torch.randn(3, 4, 5, 4, dtype=torch.float64)
        connect(self.layer, seed=1, num_classes=5)
        self.x = x.requires_grad_()

    @property
    def weight(self) -> Tensor:
        """Current weight, detached."""
        return self.layer.weight.detach()

    def some_signal(self) -> Tensor:
        """Gaussian noise with the shape of the outputs."""
        return torch.randn(self.layer(self.x).shape, dtype=torch.float64)

    def learn(self, received: Tensor, *, x: Tensor | None = None) -> Tensor:
        """Weight change of one backward pass for the teaching signal ``received``."""
        self.layer.zero_grad()
        self.layer(self.x if x is None else x).backward(received)
        assert self.layer.weight.grad is not None
        return -self.layer.weight.grad

    def step(self, received: Tensor, *, rate: float) -> None:
        """Update the weight by ``rate`` times the change."""
        change = self.learn(received)
        with torch.no_grad():
            self.layer.weight += rate * change

    def events(self, x: Tensor) -> Tensor:
        """Input patches of each unit: (events, units, *weight.shape[1:])."""
        layer, x = self.layer, x.detach()
        if isinstance(layer, RuleLinear):
            return x.reshape(-1, 1, 4).expand(-1, 4, 4)
        (stride, _), (dilation, _), padding = layer.stride, layer.dilation, int(layer.padding[0])
        padded = F.pad(x, [padding] * 4)
        out, in_group = layer.weight.shape[:2]
        height, width = layer(x).shape[2:]
        events = []
        for image in padded:
            for i in range(height):
                for j in range(width):
                    rows = slice(i * stride, i * stride + 2 * dilation + 1, dilation)
                    columns = slice(j * stride, j * stride + 2 * dilation + 1, dilation)
                    firsts = [k // (out // layer.groups) * in_group for k in range(out)]
                    seen = [image[first : first + in_group, rows, columns] for first in firsts]
                    events.append(torch.stack(seen))
        return torch.stack(events)

    def energy(self, x: Tensor) -> list[float]:
        """Of each unit, the mean square of the channels that it sees, times its inputs."""
        weight, groups, found = self.layer.weight, self.layer.groups, []
        channels = x.detach().movedim(self.layer.channel_axis, 0)
        for k in range(4):
            first = k // (4 // groups) * (4 // groups)
            seen = channels[first : first + 4 // groups]
            found.append(float(seen.square().mean()) * weight[0].numel())
        return found

    def as_events(self, values: Tensor) -> Tensor:
        """Reshape values with the shape of the outputs to (events, units)."""
        return values.detach().movedim(self.layer.channel_axis, -1).reshape(-1, 4)


@pytest.fixture
def one_layer() -> Callable[[AbstractRule, str], OneLayer]:
    """Make a :class:`OneLayer` for a rule and a geometry."""
    return OneLayer


@pytest.fixture(params=sorted(GEOMETRIES))
def kind(request: pytest.FixtureRequest) -> str:
    """Each geometry in turn."""
    name: str = request.param
    return name
