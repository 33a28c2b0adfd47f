"""A small network trained once on digits, its images, and a small evaluation protocol."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from evonas.evaluation.data.images import Images, SearchData, unit_pixels
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.protocol import Protocol
from evonas.space import Space, load
from tests.small_run import SMALL_RUN, changed


class Normalise(nn.Module):
    """Normalisation inside the network, so that attacks act on pixels."""

    def __init__(self, mean: float, std: float) -> None:
        super().__init__()
        self.mean, self.std = mean, std

    def forward(self, x: Tensor) -> Tensor:
        """Normalise pixels in [0, 1] to zero mean and unit variance."""
        return (x - self.mean) / self.std


@pytest.fixture(scope="session")
def digits() -> SearchData:
    return load_search_data("digits", seed=0)


@pytest.fixture(scope="session")
def train_network() -> Callable[[nn.Module, Images], None]:
    """Train a network in place by ten epochs of SGD; leaves it in evaluation mode."""

    def train(network: nn.Module, images: Images) -> None:
        network.train()
        generator = torch.Generator().manual_seed(1)
        optimiser = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
        for epoch in range(10):
            optimiser.param_groups[0]["lr"] = 0.1 * (1 - epoch / 10)
            order = torch.randperm(len(images), generator=generator)
            for index in torch.split(order, 64):
                optimiser.zero_grad()
                logits = network(unit_pixels(images.pixels[index]))
                torch.autograd.backward(F.cross_entropy(logits, images.labels[index]))
                optimiser.step()
        network.eval()

    return train


@pytest.fixture(scope="session")
def trained_once(
    digits: SearchData, train_network: Callable[[nn.Module, Images], None]
) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(
            Normalise(digits.traits.mean[0], digits.traits.std[0]),
            nn.Conv2d(1, 8, 3, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(256, 10),
        )
    train_network(network, digits.train)
    return network


@pytest.fixture
def trained(trained_once: nn.Module) -> nn.Module:
    """The trained network, reset to evaluation mode with all parameters trainable."""
    trained_once.eval().requires_grad_()
    return trained_once


@pytest.fixture
def batch(digits: SearchData) -> tuple[Tensor, Tensor]:
    """96 images in [0, 1] and their labels."""
    return unit_pixels(digits.validation.pixels[:96]), digits.validation.labels[:96]


@pytest.fixture
def space() -> Space:
    return load("nas-bench-201").resized(channels=4, cells=1).with_rules(("usf", "dfa"))


@pytest.fixture
def protocol() -> Protocol:
    settings = changed(
        SMALL_RUN, objectives=("acc", "robust"), images=200, epochs=1, batch=40, epsilon="8/255",
        attacked_images=50, gate="off",
    )  # fmt: skip
    return Protocol.of(settings)
