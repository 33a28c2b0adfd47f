"""Blur; oracles: scipy.ndimage, and the published kernel written out on its 17 x 17 grid."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from evonas.evaluation.corruptions.blur import defocus_blur, disk, gaussian_blur

SHAPES = ((2, 3, 32, 32), (2, 1, 8, 8))


def images(shape: tuple[int, ...]) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("deviation", [0.4, 0.6, 0.7, 0.8, 1.0])
def test_gaussian_blur_matches_scipy(shape: tuple[int, ...], deviation: float) -> None:
    given = images(shape)
    expected = ndimage.gaussian_filter(
        given.numpy(), (0, 0, deviation, deviation), mode="nearest", truncate=4.0
    )
    assert np.abs(gaussian_blur(given, deviation).numpy() - expected).max() < 1e-12


def published_disk(radius: float, softness: float) -> np.ndarray:
    """``disk`` of make_cifar_c.py; cv2.GaussianBlur of 3 x 3 as its three weights."""
    line = np.arange(-8, 9)
    x, y = np.meshgrid(line, line)
    kernel = np.array(x**2 + y**2 <= radius**2, dtype=float)
    kernel /= kernel.sum()
    weights = np.exp(-(np.arange(-1, 2) ** 2) / (2 * softness**2))
    weights /= weights.sum()
    for axis in (0, 1):
        kernel = ndimage.correlate1d(kernel, weights, axis=axis, mode="mirror")
    return kernel


@pytest.mark.parametrize(
    ("radius", "softness"), [(0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1.0, 0.2), (1.5, 0.1)]
)
def test_defocus_blur_matches_the_published_disk(radius: float, softness: float) -> None:
    kernel = published_disk(radius, softness)
    side = disk(radius, softness).shape[0] // 2
    assert (
        np.abs(
            kernel[8 - side : 9 + side, 8 - side : 9 + side] - disk(radius, softness).numpy()
        ).max()
        < 1e-12
    )
    for shape in SHAPES:
        given = images(shape)
        expected = ndimage.correlate(given.numpy(), kernel[None, None], mode="mirror")
        assert np.abs(defocus_blur(given, radius, softness).numpy() - expected).max() < 1e-12


def test_blur_keeps_images_at_zero_width_and_uniform_images() -> None:
    given = images((2, 3, 8, 8))
    assert torch.equal(gaussian_blur(given, 0.05), given)
    assert torch.allclose(defocus_blur(given, 0.3, 0.05), given, atol=1e-12)
    even = torch.full((1, 1, 8, 8), 0.3, dtype=torch.float64)
    assert torch.allclose(gaussian_blur(even, 1.0), even)
    assert torch.allclose(defocus_blur(even, 1.5, 0.1), even)
