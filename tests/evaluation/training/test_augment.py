"""Crops and flips; oracles: a loop over images, and the uniform distribution."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from evonas.evaluation.data.images import Images
from evonas.evaluation.data.loading import traits_of
from evonas.evaluation.training.augment import FramedImages, cut, frame, plan_epoch

PLAIN = traits_of("digits")


def framed(pixels: Tensor, *, padding: int = 0, flip: bool = False) -> FramedImages:
    """Frame the images; the label of each is its index."""
    images = Images(pixels, torch.arange(len(pixels)))
    return frame(images, traits=replace(PLAIN, crop_padding=padding, flip=flip))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def every_version(image: Tensor, *, padding: int, flip: bool) -> list[Tensor]:
    """All images that a crop of ``image`` (C, H, W) can give, cut by slices."""
    channels, height, width = image.shape
    versions = []
    for mirrored in [image, image.flip(2)] if flip else [image]:
        black = torch.zeros(channels, height + 2 * padding, width + 2 * padding)
        black[:, padding : padding + height, padding : padding + width] = mirrored
        versions += [
            black[:, top : top + height, left : left + width]
            for top in range(2 * padding + 1)
            for left in range(2 * padding + 1)
        ]
    return versions


@pytest.mark.parametrize("flip", [True, False])
@pytest.mark.parametrize("padding", [0, 1, 2])
def test_crops_are_uniform_over_all_possible_crops(padding: int, flip: bool) -> None:
    image = torch.arange(1, 2 * 4 * 5 + 1, dtype=torch.uint8).view(2, 4, 5)
    versions = torch.stack(every_version(image, padding=padding, flip=flip)).flatten(1)
    num_images = 400 * len(versions)
    images = framed(image.expand(num_images, -1, -1, -1), padding=padding, flip=flip)
    (plan,) = plan_epoch(images, batch=num_images, generator=generator())
    crops, _ = cut(images, plan)
    is_version = ((crops * 255).round().flatten(1).unsqueeze(1) == versions).all(2)
    assert is_version.sum(1).eq(1).all()
    counts = is_version.sum(0).double()
    # chi-squared with len - 1 degrees of freedom: mean len - 1, variance 2 (len - 1)
    chi_squared = ((counts - 400) ** 2 / 400).sum().item()
    freedom = len(versions) - 1
    assert chi_squared <= freedom + 5 * (2 * freedom) ** 0.5


def test_cut_follows_the_plan() -> None:
    pixels = torch.randint(0, 256, (7, 3, 4, 6), dtype=torch.uint8, generator=generator())
    images = framed(pixels, padding=2, flip=True)
    plan = plan_epoch(images, batch=7, generator=generator(1))[0]
    crops, labels = cut(images, plan)
    for crop, label, (index, top, left, is_mirrored) in zip(crops, labels, plan.t(), strict=True):
        place = int(5 * top + left)  # index of the crop, which is then flipped
        expected = every_version(pixels[index], padding=2, flip=False)[place] / 255
        assert crop.equal(expected.flip(2) if is_mirrored else expected)
        assert label == index


def test_cut_without_augmentation_returns_the_indexed_images() -> None:
    pixels = torch.randint(0, 256, (5, 3, 4, 6), dtype=torch.uint8, generator=generator())
    plan = torch.tensor([[3, 0, 3]])
    crops, labels = cut(framed(pixels), plan)
    assert crops.equal(pixels[[3, 0, 3]].float() / 255)
    assert labels.tolist() == [3, 0, 3]


@pytest.mark.parametrize(("padding", "flip", "rows"), [(0, False, 1), (1, False, 4), (0, True, 4)])
def test_epoch_plan_has_each_image_once_without_partial_batch(
    padding: int, flip: bool, rows: int
) -> None:
    images = framed(torch.zeros(23, 1, 4, 4, dtype=torch.uint8), padding=padding, flip=flip)
    plan = plan_epoch(images, batch=5, generator=generator())
    assert plan.shape == (4, rows, 5)
    assert plan[:, 0].flatten().sort().values.unique().numel() == 20


def test_plan_depends_only_on_the_seed() -> None:
    images = framed(torch.zeros(20, 3, 8, 8, dtype=torch.uint8), padding=2, flip=True)
    state = torch.get_rng_state()
    first, again, other = (
        plan_epoch(images, batch=10, generator=generator(seed)) for seed in (1, 1, 2)
    )
    assert first.equal(again)
    assert not first.equal(other)
    assert torch.get_rng_state().equal(state)


def test_batches_are_channels_last() -> None:
    images = framed(torch.zeros(20, 3, 8, 8, dtype=torch.uint8), padding=2, flip=True)
    pixels, _ = cut(images, plan_epoch(images, batch=10, generator=generator())[0])
    assert pixels.is_contiguous(memory_format=torch.channels_last)
