"""Tone; oracles: colorsys for brightness, pixel by pixel; numpy's formula for contrast."""

import colorsys

import numpy as np
import pytest
import torch

from evonas.evaluation.corruptions.tone import brightness, contrast


def images(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("shift", [0.05, 0.3])
def test_brightness_raises_the_hsv_value(shift: float) -> None:
    given = images(2, 3, 8, 8)
    given[0, :, 0, 0] = 0.0  # black, which has no hue
    given[0, :, 0, 1] = torch.tensor([0.0, 0.9, 0.2])
    found = brightness(given, shift)
    for image in range(2):
        for row in range(8):
            for column in range(8):
                pixel = given[image, :, row, column].tolist()
                hue, saturation, value = colorsys.rgb_to_hsv(*pixel)
                expected = colorsys.hsv_to_rgb(hue, saturation, min(value + shift, 1.0))
                assert found[image, :, row, column].tolist() == pytest.approx(expected, abs=1e-12)


def test_brightness_of_grey_images_adds_the_shift() -> None:
    given = images(2, 1, 8, 8)
    assert torch.allclose(brightness(given, 0.2), (given + 0.2).clamp(max=1.0))


def test_contrast_scales_distances_from_channel_means() -> None:
    given = images(2, 3, 8, 8)
    array = given.numpy()
    means = array.mean(axis=(2, 3), keepdims=True)
    for factor in (0.75, 0.15):
        expected = np.clip((array - means) * factor + means, 0, 1)
        assert np.abs(contrast(given, factor).numpy() - expected).max() < 1e-12


def test_brightness_and_contrast_limits_leave_images_unchanged() -> None:
    given = images(2, 3, 8, 8)
    assert torch.allclose(brightness(given, 0.0), given, atol=1e-15)
    assert torch.allclose(contrast(given, 1.0), given, atol=1e-15)
    assert float(contrast(given, 0.0).std((2, 3)).max()) < 1e-12
