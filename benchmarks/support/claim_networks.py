"""Networks for testing published claims of robustness, and modified gradients for attacks."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from benchmarks.support.pepita import TwoLayers
from evonas.evaluation.data.images import Traits
from evonas.rules import RULES, RuleConv2d, RuleLinear, connect


def fully_connected(traits: Traits, *, rule: str, seed: int) -> nn.Module:
    """Two hidden layers of 256 ReLUs, with the rule in every layer."""
    pixels = torch.Size(traits.shape).numel()

    def parts() -> list[nn.Module]:
        rules = RULES[rule]
        return [
            nn.Flatten(),
            RuleLinear(pixels, 256, rule=rules()), nn.ReLU(),
            RuleLinear(256, 256, rule=rules()), nn.ReLU(),
            RuleLinear(256, traits.num_classes, rule=rules()),
        ]  # fmt: skip

    return _connected(parts, traits, seed=seed)


def convolutional(traits: Traits, *, rule: str, seed: int) -> nn.Module:
    """Two 3x3 convolutions of stride 2, a hidden layer of 128, with the rule in every layer."""
    channels, height, width = traits.shape

    def parts() -> list[nn.Module]:
        rules = RULES[rule]
        places = -(-height // 4) * -(-width // 4)
        return [
            RuleConv2d(channels, 16, 3, stride=2, padding=1, rule=rules()), nn.ReLU(),
            RuleConv2d(16, 32, 3, stride=2, padding=1, rule=rules()), nn.ReLU(), nn.Flatten(),
            RuleLinear(32 * places, 128, rule=rules()), nn.ReLU(),
            RuleLinear(128, traits.num_classes, rule=rules()),
        ]  # fmt: skip

    return _connected(parts, traits, seed=seed)


def two_layers(traits: Traits, *, seed: int) -> TwoLayers:
    """One hidden layer of 1,024 ReLUs, as PEPITA's authors train on MNIST."""
    pixels = torch.Size(traits.shape).numel()
    generator = torch.Generator().manual_seed(seed)
    return TwoLayers(pixels, 1024, traits.num_classes, generator=generator)


def _connected(parts: Callable[[], list[nn.Module]], traits: Traits, *, seed: int) -> nn.Module:
    with torch.random.fork_rng(devices=[]):  # torch's layers draw from the global generator
        torch.manual_seed(seed)
        network = nn.Sequential(*parts())
    connect(network, seed=seed, num_classes=traits.num_classes)
    return network


class Probabilities(nn.Module):
    """A network that outputs the softmax of its logits, which attacks then treat as logits."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """Map (N, C, H, W) to probabilities (N, classes)."""
        probabilities: Tensor = self.network(images).softmax(1)
        return probabilities


class AlongFeedback(nn.Module):
    """A network with the same logits, whose backward pass projects the error by F, like PEPITA.

    Args:
        network: a network trained by PEPITA.
        feedback: the matrix F, (pixels, classes).
    """

    def __init__(self, network: nn.Module, feedback: Tensor) -> None:
        super().__init__()
        self.network = network
        self.feedback = feedback

    def forward(self, images: Tensor) -> Tensor:
        """Map (N, C, H, W) to logits (N, classes)."""
        with torch.no_grad():
            logits: Tensor = self.network(images)
        led = images.flatten(1) @ self.feedback
        # the sign of F: a step along F e lowers the error where F has aligned with -W_1^T W_2^T
        return logits - (led - led.detach())
