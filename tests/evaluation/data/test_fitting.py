"""Resizing images; oracles: what a crop and a letterbox must contain, averages, Pillow."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from evonas.evaluation.data.fitted_images import fitted_images
from evonas.evaluation.data.fitting import Fitting
from evonas.evaluation.data.images import Images
from evonas.evaluation.data.known import DATASETS
from evonas.evaluation.data.loading import load_search_data, load_test, traits_of

Array = np.ndarray[Any, Any]


def stripes(height: int, width: int) -> Array:
    """Red increases to the right, green downwards."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([columns, rows, np.full_like(rows, 9)], axis=2).astype(np.uint8)


def test_crop_keeps_the_centre() -> None:
    found = Fitting(4, "crop").fitted(stripes(4, 10))
    assert np.array_equal(found, stripes(4, 10)[:, 3:7])
    found = Fitting(4, "crop").fitted(stripes(9, 4))
    assert np.array_equal(found, stripes(9, 4)[2:6])


def test_letterbox_keeps_whole_image_between_black_bars() -> None:
    found = Fitting(10, "letterbox").fitted(stripes(4, 10) + 1)
    assert np.array_equal(found[3:7], stripes(4, 10) + 1)
    assert not found[:3].any()
    assert not found[7:].any()


@pytest.mark.parametrize("fit", ["crop", "letterbox"])
def test_downscaling_averages_pixels(fit: str) -> None:
    checks = np.indices((64, 64)).sum(0) % 2 * 200
    found = Fitting(8, fit).fitted(np.repeat(checks[..., None], 3, axis=2).astype(np.uint8))
    assert found.shape == (8, 8, 3)
    assert np.abs(found[1:-1, 1:-1].astype(int) - 100).max() <= 1


@pytest.mark.parametrize("fit", ["crop", "letterbox"])
@given(height=st.integers(1, 60), width=st.integers(1, 60), size=st.integers(4, 40))
def test_every_shape_is_fitted_to_a_square(fit: str, height: int, width: int, size: int) -> None:
    pixels = np.full((height, width, 1), 200, dtype=np.uint8)
    found = Fitting(size, fit).fitted(pixels)
    assert found.shape == (size, size, 1)
    share = 1.0 if fit == "crop" else min(height, width) / max(height, width)
    assert abs((found == 200).mean() - share) <= 1 / size  # whole rows are kept or dropped


def test_letterbox_matches_pillow_pad() -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 90, 3), np.uint8))
    theirs = ImageOps.pad(image, (30, 30), Image.Resampling.BILINEAR)
    assert np.array_equal(Fitting(30, "letterbox").fitted(np.asarray(image)), np.asarray(theirs))


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_tensors_are_resized_like_single_images(channels: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, channels, 12, 18), np.uint8)
    images = Images(torch.from_numpy(pixels), torch.arange(5))
    found = fitted_images(images, Fitting(6))
    assert found.labels.equal(images.labels)
    for i in range(5):
        for c in range(channels):
            expected = Fitting(6).fitted(pixels[i, c, :, :, None])[..., 0]
            assert np.array_equal(found.pixels[i, c].numpy(), expected)


def test_data_sets_load_at_another_size() -> None:
    fitting = Fitting(4)
    assert traits_of("digits", fitting=fitting).shape == (1, 4, 4)
    assert traits_of("cifar10", fitting=Fitting(16)).crop_padding == 2
    small = load_search_data("digits", seed=0, fitting=fitting)
    large = load_search_data("digits", seed=0)
    assert small.train.pixels.shape[1:] == load_test("digits", fitting=fitting).pixels.shape[1:]
    assert small.train.labels.equal(large.train.labels)
    # resizing keeps the mean of an image
    means = [each.train.pixels.float().mean().item() for each in (small, large)]
    assert means[0] == pytest.approx(means[1], rel=0.05)


def test_fitting_without_size_change_returns_the_same_object() -> None:
    assert DATASETS["digits"].at(Fitting()) is DATASETS["digits"]
    images = Images(torch.zeros(1, 1, 4, 4, dtype=torch.uint8), torch.zeros(1, dtype=torch.int64))
    assert fitted_images(images, Fitting(4)) is images
