"""Crops and mirrors are those of a loop over images, and uniformly likely."""

import pytest
import torch
from torch import Tensor

from evonas.evaluation.augment import augment


def every_version(image: Tensor, *, padding: int, flip: bool) -> list[Tensor]:
    """All images that a crop of ``image`` (C, H, W) can give, cut by slices."""
    channels, height, width = image.shape
    versions = []
    for mirrored in [image, image.flip(2)] if flip else [image]:
        framed = torch.zeros(channels, height + 2 * padding, width + 2 * padding)
        framed[:, padding : padding + height, padding : padding + width] = mirrored
        versions += [
            framed[:, top : top + height, left : left + width]
            for top in range(2 * padding + 1)
            for left in range(2 * padding + 1)
        ]
    return versions


@pytest.mark.parametrize("flip", [True, False])
@pytest.mark.parametrize("padding", [0, 1, 2])
def test_every_crop_is_one_of_the_possible_and_all_are_equally_likely(
    padding: int, flip: bool
) -> None:
    image = torch.arange(1.0, 2 * 4 * 5 + 1).view(2, 4, 5)
    versions = torch.stack(every_version(image, padding=padding, flip=flip)).flatten(1)
    num_images = 400 * len(versions)
    generator = torch.Generator().manual_seed(0)
    crops = augment(
        image.expand(num_images, -1, -1, -1), padding=padding, flip=flip, generator=generator
    )
    is_version = (crops.flatten(1).unsqueeze(1) == versions).all(2)
    assert is_version.sum(1).eq(1).all()
    counts = is_version.sum(0).double()
    # chi-squared with len - 1 degrees of freedom: mean len - 1, variance 2 (len - 1)
    chi_squared = ((counts - 400) ** 2 / 400).sum().item()
    freedom = len(versions) - 1
    assert chi_squared <= freedom + 5 * (2 * freedom) ** 0.5


def test_each_image_stays_at_its_place_in_the_batch() -> None:
    images = torch.rand(50, 1, 6, 6) * 0.5 + torch.arange(1, 51).view(-1, 1, 1, 1)
    crops = augment(images, padding=1, flip=True, generator=torch.Generator().manual_seed(2))
    assert crops.shape == images.shape
    assert crops[:, 0, 2, 2].floor().equal(torch.arange(1.0, 51.0))


def test_one_seed_gives_one_augmentation_and_the_global_generator_is_left_alone() -> None:
    images = torch.rand(20, 3, 8, 8)
    state = torch.get_rng_state()
    first, again, other = (
        augment(images, padding=2, flip=True, generator=torch.Generator().manual_seed(seed))
        for seed in (1, 1, 2)
    )
    assert first.equal(again)
    assert not first.equal(other)
    assert torch.get_rng_state().equal(state)
