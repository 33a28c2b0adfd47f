"""An attack that follows a rule's own backward pass measures the rule, not the network.

The reason why ``robust`` follows the true gradient: Akrout et al. (2019) and others report that
feedback alignment makes networks robust, and this is what they saw.
"""

from collections.abc import Callable
from typing import Literal, cast

import pytest
import torch
from torch import Tensor, nn

from evonas.evaluation.attacks.gradient.pgd import pgd
from evonas.evaluation.attacks.robustness import RobustAccuracy, robust_accuracy, robust_subset
from evonas.evaluation.data.images import Images, SearchData
from evonas.rules import RULES, AbstractRule, convert, true_gradient, wirings


class Ruled(nn.Module):
    """A small convolutional network whose every layer learns by one rule."""

    def __init__(self, rule: AbstractRule) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            plain = nn.Sequential(
                nn.Conv2d(1, 8, 3, padding=1),
                nn.BatchNorm2d(8),
                nn.ReLU(),
                nn.Conv2d(8, 16, 3, stride=2, padding=1),
                nn.BatchNorm2d(16),
                nn.ReLU(),
                nn.Conv2d(16, 16, 3, padding=1),
                nn.BatchNorm2d(16),
                nn.ReLU(),
                nn.Flatten(),
                nn.Linear(256, 10),
            )
        self.layers = convert(plain, rule, seed=0).eval()

    def forward(self, x: Tensor) -> Tensor:
        """Watched logits, for the rules that need their error."""
        (wiring,) = wirings(self.layers)
        return wiring.watch(self.layers(x))


@pytest.fixture
def images(digits: SearchData) -> Images:
    return robust_subset(digits.validation, num_images=200, seed=0)


@pytest.mark.parametrize("name", sorted(RULES))
def test_true_gradient_is_honest_under_every_rule(name: str, images: Images) -> None:
    network = Ruled(RULES[name]())
    result = robust_accuracy(network, images, epsilon=0.01, noise_seed=0, num_steps=1)
    assert cast(float, result.gradient_honesty) < 1e-3
    assert not result.is_masked


# pc differs from bp by a small term only
SURROGATES = sorted(set(RULES) - {"bp", "pc"})


@pytest.mark.parametrize("name", SURROGATES)
def test_surrogate_gradient_is_flagged_as_masked(name: str, images: Images) -> None:
    network = Ruled(RULES[name]())
    result = robust_accuracy(
        network, images, epsilon=0.01, noise_seed=0, num_steps=1, gradient="surrogate"
    )
    assert cast(float, result.gradient_honesty) > 0.5
    assert result.is_masked


def test_fa_looks_robust_only_under_its_surrogate_gradient(
    digits: SearchData,
    images: Images,
    train_network: Callable[[nn.Module, Images], None],
) -> None:
    network = Ruled(RULES["fa"]())
    train_network(network, digits.train)

    def judged(gradient: Literal["true", "surrogate"]) -> RobustAccuracy:
        return robust_accuracy(network, images, epsilon=0.1, noise_seed=0, gradient=gradient)

    seeming, real = judged("surrogate"), judged("true")
    assert seeming.clean == real.clean > 0.9
    assert seeming.value > real.value + 0.2
    assert (seeming.is_masked, real.is_masked) == (True, False)
    # The same with PGD on plain cross-entropy, as the literature did it.
    attacked = images.pixels / 255
    noise = torch.rand(attacked.shape, generator=torch.Generator().manual_seed(0)) * 2 - 1

    def right_after_pgd() -> float:
        found = pgd(network, attacked, images.labels, epsilon=0.1, noise=noise, num_steps=20)
        return found.robust.float().mean().item()

    own = right_after_pgd()
    with true_gradient(network):
        true = right_after_pgd()
    assert own > true + 0.2
