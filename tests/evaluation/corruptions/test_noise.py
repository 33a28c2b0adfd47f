"""Noise; oracles: moments and shares of its distribution, and zero strength."""

import pytest
import torch
from torch import Generator, Tensor

from evonas.evaluation.corruptions.noise import gaussian_noise, impulse_noise, shot_noise


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def grey(level: float, *, channels: int = 3) -> Tensor:
    return torch.full((40, channels, 32, 32), level, dtype=torch.float64)


def test_gaussian_noise_has_mean_zero_and_given_deviation() -> None:
    images = grey(0.5)
    noise = gaussian_noise(images, 0.06, generator=seeded()) - images
    count = noise.numel()
    assert abs(float(noise.mean())) < 4 * 0.06 / count**0.5
    assert float(noise.std()) == pytest.approx(0.06, rel=4 / (2 * count) ** 0.5)


def test_shot_noise_has_poisson_mean_and_variance() -> None:
    for level, photons in ((0.5, 100.0), (0.2, 500.0)):
        noisy = shot_noise(grey(level), photons, generator=seeded())
        variance = level / photons
        error = (variance / noisy.numel()) ** 0.5
        assert float(noisy.mean()) == pytest.approx(level, abs=4 * error)
        assert float(noisy.var()) == pytest.approx(variance, rel=0.02)
        counts = noisy * photons
        assert float((counts - counts.round()).abs().max()) < 1e-3  # whole photons


def test_impulse_noise_sets_its_share_half_white_half_black() -> None:
    share = 0.07
    noisy = impulse_noise(grey(0.4), share, generator=seeded())
    white, black = (float((noisy == value).double().mean()) for value in (1.0, 0.0))
    error = (share / 2 / noisy.numel()) ** 0.5
    assert white == pytest.approx(share / 2, abs=4 * error)
    assert black == pytest.approx(share / 2, abs=4 * error)
    assert bool(((noisy == 0.4) | (noisy == 1.0) | (noisy == 0.0)).all())
    # channels are independent: a pixel is seldom hit in all three
    assert float((noisy != 0.4).all(1).double().mean()) < 10 * share**3


def test_zero_noise_leaves_images_unchanged() -> None:
    images = torch.rand(4, 1, 8, 8, generator=seeded(1))
    assert torch.equal(gaussian_noise(images, 0.0, generator=seeded()), images)
    assert torch.equal(impulse_noise(images, 0.0, generator=seeded()), images)
    many_photons = shot_noise(images, 1e7, generator=seeded())
    assert torch.allclose(many_photons, images, atol=5e-3)
    assert bool((shot_noise(torch.zeros(4, 1, 8, 8), 50.0, generator=seeded()) == 0.0).all())


def test_noise_does_not_depend_on_memory_format() -> None:
    images = torch.rand(4, 3, 8, 8, generator=seeded(1))
    last = images.to(memory_format=torch.channels_last)
    for noise, strength in ((gaussian_noise, 0.1), (shot_noise, 50.0), (impulse_noise, 0.07)):
        one, other = (noise(each, strength, generator=seeded()) for each in (images, last))
        assert torch.equal(one, other)
