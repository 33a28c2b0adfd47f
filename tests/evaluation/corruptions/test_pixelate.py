"""Pixelation; oracle: Pillow's box filter, down and up again, in floats."""

import numpy as np
import pytest
import torch
from PIL import Image

from evonas.evaluation.corruptions.pixelate import box_resize, pixelate


@pytest.mark.parametrize("side", [8, 28, 32])
@pytest.mark.parametrize("share", [0.95, 0.9, 0.85, 0.75, 0.65])
def test_pixelate_matches_pillows_box_filter(side: int, share: float) -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(1, 3, side, side, generator=generator)
    found, smaller = pixelate(images, share), int(side * share)
    for channel in range(3):
        picture = Image.fromarray(images[0, channel].numpy())
        small = picture.resize((smaller, smaller), Image.Resampling.BOX)
        expected = np.asarray(small.resize((side, side), Image.Resampling.BOX))
        assert np.abs(found[0, channel].numpy() - expected).max() < 1e-6


def test_pixelate_limits_are_the_identity_and_the_mean() -> None:
    images = torch.rand(2, 1, 8, 8, dtype=torch.float64)
    assert torch.equal(pixelate(images, 1.0), images)
    mean = images.mean((2, 3), keepdim=True).expand_as(images)
    assert torch.allclose(pixelate(images, 0.05), mean)


def test_box_resize_to_half_averages_pairs() -> None:
    expected = torch.tensor([[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5]], dtype=torch.float64)
    assert torch.equal(box_resize(4, 2), expected)
