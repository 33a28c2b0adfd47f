"""``robust`` counts correctly, follows the true gradient and has no side effects."""

import copy
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from evonas.errors import CandidateFailure, ConfigError, DataError
from evonas.evaluation.attacks.ascent import AttackResult
from evonas.evaluation.attacks.robustness import (
    RobustAccuracy,
    robust_accuracy,
    robust_subset,
    start_noise,
)
from evonas.evaluation.data.images import Images, SearchData, unit_pixels


@pytest.fixture
def images(digits: SearchData) -> Images:
    return robust_subset(digits.validation, num_images=100, seed=0)


def test_robust_accuracy_falls_from_clean_to_zero_with_epsilon(
    trained: nn.Module, images: Images
) -> None:
    radii = [Fraction(n, 255) for n in (0, 4, 16, 32, 64, 128)]
    found = [robust_accuracy(trained, images, epsilon=r, noise_seed=0) for r in radii]
    values = [result.value for result in found]
    assert values == sorted(values, reverse=True)
    assert values[0] == found[0].clean > 0.9
    assert values[-1] == 0.0
    assert 0.05 < values[2] < 0.95
    assert all(result.value <= result.clean == found[0].clean for result in found)


def test_ordinary_network_is_not_flagged_as_masked(trained: nn.Module, images: Images) -> None:
    result = robust_accuracy(trained, images, epsilon=0.1, noise_seed=0)
    assert result.gradient_honesty is not None
    assert result.gradient_honesty < 1e-3
    assert result.zero_gradient_share == 0.0
    assert not result.is_masked
    assert result.num_images == 100
    assert (
        result.clean
        == (trained(unit_pixels(images.pixels)).argmax(1) == images.labels).sum() / 100
    )


def test_standard_error_is_that_of_a_proportion(trained: nn.Module, images: Images) -> None:
    result = robust_accuracy(trained, images, epsilon=0.1, noise_seed=0)
    hits = [1.0] * round(100 * result.value) + [0.0] * round(100 - 100 * result.value)
    assert result.standard_error == pytest.approx(np.std(hits) / 10)


@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_robust_accuracy_does_not_depend_on_batch_size(
    trained: nn.Module, images: Images, batch_size: int
) -> None:
    whole = robust_accuracy(trained, images, epsilon=0.1, noise_seed=0, num_steps=5)
    parts = robust_accuracy(
        trained, images, epsilon=0.1, noise_seed=0, num_steps=5, batch_size=batch_size
    )
    assert parts == whole


@pytest.mark.parametrize("batch_size", [7, 256])
def test_each_image_is_attacked_once_from_its_own_noise(
    trained: nn.Module, images: Images, batch_size: int
) -> None:
    met: list[tuple[Tensor, Tensor]] = []

    def recording(network: nn.Module, x: Tensor, labels: Tensor, **given: Any) -> AttackResult:
        met.append((x, given["noise"]))
        return constant_verdict(is_robust=True)(network, x, labels)

    robust_accuracy(
        trained, images, epsilon=0.1, noise_seed=8, batch_size=batch_size, attack=recording
    )
    pixels, noise = (torch.cat(parts) for parts in zip(*met, strict=True))
    assert pixels.equal(unit_pixels(images.pixels))
    assert noise.equal(start_noise(images, noise_seed=8))


def constant_verdict(*, is_robust: bool) -> Callable[..., AttackResult]:
    def attack(network: nn.Module, x: Tensor, labels: Tensor, **_: Any) -> AttackResult:
        correct = network(x).argmax(1) == labels
        everywhere = torch.ones_like(correct)
        return AttackResult(x, everywhere if is_robust else ~everywhere, correct, everywhere)

    return attack


def test_always_winning_attack_leaves_zero_and_never_winning_clean(
    trained: nn.Module, images: Images
) -> None:
    def judged(*, is_robust: bool) -> RobustAccuracy:
        attack = constant_verdict(is_robust=is_robust)
        return robust_accuracy(trained, images, epsilon=0.1, noise_seed=0, attack=attack)

    # LR-NAS averaged clean and attacked batches together: it would report 0.5 for the first.
    assert judged(is_robust=False).value == 0.0
    assert judged(is_robust=True).value == judged(is_robust=True).clean < 1.0


def test_scaling_logits_raises_robust_accuracy_only_under_plain_ce(
    trained: nn.Module, images: Images
) -> None:
    loud = copy.deepcopy(trained)
    with torch.no_grad():
        for parameter in loud[-1].parameters():  # type: ignore[index]
            parameter.mul_(2.0**10)

    def judged(network: nn.Module, loss: str) -> RobustAccuracy:
        return robust_accuracy(network, images, epsilon=0.1, noise_seed=0, loss=loss)

    assert judged(loud, "ce_scaled") == judged(trained, "ce_scaled")
    fooled = judged(loud, "ce")
    assert fooled.value > judged(trained, "ce").value + 0.2
    assert fooled.zero_gradient_share > 0.5
    assert fooled.is_masked


def test_normalisation_layer_equals_normalisation_folded_into_weights(
    images: Images,
) -> None:
    mean, std = 0.3, 0.25
    inner = nn.Linear(64, 10)
    folded = nn.Linear(64, 10)
    with torch.no_grad():
        torch.nn.init.normal_(inner.weight, generator=torch.Generator().manual_seed(0))
        folded.weight.copy_(inner.weight / std)
        folded.bias.copy_(inner.bias - (inner.weight * mean / std).sum(1))

    class Inside(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, x: Tensor) -> Tensor:
            logits: Tensor = self.inner(((x - mean) / std).flatten(1))
            return logits

    labels = Inside()(unit_pixels(images.pixels)).argmax(1)
    images = Images(images.pixels, labels)
    results = [
        robust_accuracy(network, images, epsilon=Fraction(4, 255), noise_seed=0)
        for network in (Inside(), nn.Sequential(nn.Flatten(), folded))
    ]
    assert 0.1 < results[0].value < 0.9
    assert results[0].value == results[1].value


def test_network_and_global_generators_are_unchanged(trained: nn.Module, images: Images) -> None:
    trained.train()
    before = {name: value.clone() for name, value in trained.state_dict().items()}
    states = (torch.get_rng_state(), random.getstate(), repr(np.random.get_state()))
    robust_accuracy(trained, images, epsilon=0.1, noise_seed=0)
    assert trained.training
    assert all(parameter.requires_grad for parameter in trained.parameters())
    assert all(value.equal(before[name]) for name, value in trained.state_dict().items())
    assert torch.get_rng_state().equal(states[0])
    assert random.getstate() == states[1]
    assert repr(np.random.get_state()) == states[2]


def test_network_state_is_restored_when_the_attack_fails(
    trained: nn.Module, images: Images
) -> None:
    trained.train()

    def fails(*_: Any, **__: Any) -> AttackResult:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        robust_accuracy(trained, images, epsilon=0.1, noise_seed=0, attack=fails)
    assert trained.training
    assert all(parameter.requires_grad for parameter in trained.parameters())


def test_random_forward_pass_is_rejected(trained: nn.Module, images: Images) -> None:
    class Noisy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inside = trained
            self.generator = torch.Generator().manual_seed(0)

        def forward(self, x: Tensor) -> Tensor:
            logits: Tensor = self.inside(x)
            return logits + 1e-2 * torch.randn(logits.shape, generator=self.generator)

    with pytest.raises(CandidateFailure, match="expected two forward passes"):
        robust_accuracy(Noisy(), images, epsilon=0.1, noise_seed=0)


def test_non_finite_logits_are_rejected(images: Images) -> None:
    layer = nn.Linear(64, 10)
    with torch.no_grad():
        layer.weight[3, 5] = torch.nan
    with pytest.raises(CandidateFailure, match="not finite"):
        robust_accuracy(nn.Sequential(nn.Flatten(), layer), images, epsilon=0.1, noise_seed=0)


def test_gradient_killing_layer_is_flagged_as_masked(trained: nn.Module, images: Images) -> None:
    class Quantise(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return (x * 15).round() / 15

    killed = nn.Sequential(Quantise(), trained)
    result = robust_accuracy(killed, images, epsilon=0.1, noise_seed=0)
    assert result.zero_gradient_share == 1.0
    assert result.is_masked
    assert result.value > robust_accuracy(trained, images, epsilon=0.1, noise_seed=0).value


def test_honesty_check_can_be_disabled(trained: nn.Module, images: Images) -> None:
    result = robust_accuracy(
        trained, images, epsilon=0.1, noise_seed=0, num_steps=1, num_honesty_images=0
    )
    assert result.gradient_honesty is None


def test_single_image_and_partial_last_batch_are_evaluated(
    trained: nn.Module, images: Images
) -> None:
    one = images.subset(torch.tensor([3]))
    assert robust_accuracy(trained, one, epsilon=0.0, noise_seed=0).value in (0.0, 1.0)
    result = robust_accuracy(
        trained, images, epsilon=0.0, noise_seed=0, batch_size=33, num_steps=1
    )
    assert (result.num_images, result.value) == (100, result.clean)


def test_no_images_and_zero_batch_size_are_rejected(trained: nn.Module, images: Images) -> None:
    none = images.subset(torch.tensor([], dtype=torch.int64))
    with pytest.raises(DataError, match="at least one image"):
        robust_accuracy(trained, none, epsilon=0.1, noise_seed=0)
    with pytest.raises(ConfigError, match="expected at least 1, got 0"):
        robust_accuracy(trained, images, epsilon=0.1, noise_seed=0, batch_size=0)


def test_start_noise_is_uniform_and_follows_the_seed(digits: SearchData) -> None:
    noise = start_noise(digits.train, noise_seed=4)
    assert noise.shape == digits.train.pixels.shape
    assert noise.equal(start_noise(digits.train, noise_seed=4))
    assert not noise.equal(start_noise(digits.train, noise_seed=5))
    assert noise.abs().max() <= 1
    # of n uniform numbers in (-1, 1): mean 0, variance 1/3, both within 5 standard errors
    assert abs(noise.mean().item()) < 5 * (1 / 3 / noise.numel()) ** 0.5
    assert noise.square().mean().item() == pytest.approx(
        1 / 3, abs=5 * (4 / 45 / noise.numel()) ** 0.5
    )


def test_robust_subset_is_stratified_seeded_and_capped(
    digits: SearchData,
) -> None:
    first, again, other = (
        robust_subset(digits.validation, num_images=100, seed=seed) for seed in (1, 1, 2)
    )
    exact = digits.validation.labels.bincount() * 100 / len(digits.validation)
    assert (first.labels.bincount() - exact).abs().max() < 1
    assert first.pixels.equal(again.pixels)
    assert not first.pixels.equal(other.pixels)
    assert len(robust_subset(digits.validation, num_images=1000, seed=1)) == 360
