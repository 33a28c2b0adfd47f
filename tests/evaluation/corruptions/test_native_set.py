"""The corruption set: published strengths, laws of all kinds, explicit accuracies."""

from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from evonas.errors import ConfigError, DataError, UnknownNameError
from evonas.evaluation.corruptions.corruption_accuracy import corruption_accuracy
from evonas.evaluation.corruptions.native_set import (
    CORRUPTIONS,
    corrupted,
    every_corruption,
)
from evonas.evaluation.data.images import Images, unit_pixels

SHAPES = ((6, 1, 8, 8), (6, 3, 32, 32), (6, 3, 8, 8))
# Hendrycks and Dietterich 2019, make_cifar_c.py
PUBLISHED = {
    "gaussian noise": [0.04, 0.06, 0.08, 0.09, 0.10],
    "shot noise": [500, 250, 100, 75, 50],
    "impulse noise": [0.01, 0.02, 0.03, 0.05, 0.07],
    "gaussian blur": [0.4, 0.6, 0.7, 0.8, 1],
    "defocus blur": [(0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)],
    "brightness": [0.05, 0.1, 0.15, 0.2, 0.3],
    "contrast": [0.75, 0.5, 0.4, 0.3, 0.15],
    "pixelate": [0.95, 0.9, 0.85, 0.75, 0.65],
}


def images(shape: tuple[int, ...], seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def test_strengths_match_the_published_values() -> None:
    given = {
        name: [c[0] if len(c) == 1 else c for c in kind.strengths]
        for name, kind in CORRUPTIONS.items()
    }
    assert given == PUBLISHED
    assert len(list(every_corruption())) == 40


@pytest.mark.parametrize("shape", SHAPES)
def test_every_corruption_keeps_shape_and_range_but_changes_pixels(
    shape: tuple[int, ...],
) -> None:
    given = images(shape)
    for name, severity in every_corruption():
        found = corrupted(given, name, severity=severity, seed=0)
        assert found.shape == given.shape
        assert found.dtype == given.dtype
        assert bool(((found >= 0.0) & (found <= 1.0)).all())
        assert not torch.equal(found, given)
        assert torch.equal(corrupted(given, name, severity=0, seed=0), given)


def test_distance_to_the_original_grows_with_severity() -> None:
    given = images((60, 3, 32, 32))
    for name in CORRUPTIONS:
        distances = [
            float((corrupted(given, name, severity=s, seed=0) - given).square().mean())
            for s in range(6)
        ]
        assert all(near < far for near, far in pairwise(distances)), name


def test_noise_depends_on_seed_and_severity() -> None:
    given = torch.full((6, 1, 8, 8), 0.5)
    once = corrupted(given, "gaussian noise", severity=1, seed=0)
    assert torch.equal(once, corrupted(given, "gaussian noise", severity=1, seed=0))
    assert not torch.equal(once, corrupted(given, "gaussian noise", severity=1, seed=1))
    twice = corrupted(given, "gaussian noise", severity=2, seed=0)
    assert not torch.allclose((twice - 0.5) / 0.06, (once - 0.5) / 0.04, atol=1e-3)


def test_corruptions_leave_the_global_generator_unchanged() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    for name, severity in every_corruption():
        corrupted(images((2, 1, 8, 8)), name, severity=severity, seed=0)
    assert torch.equal(torch.get_rng_state(), before)


def test_unknown_kinds_and_severities_are_rejected() -> None:
    with pytest.raises(UnknownNameError, match="'gaussian noise'"):
        corrupted(images((1, 1, 8, 8)), "gausian noise", severity=1, seed=0)
    with pytest.raises(ConfigError, match="severity: expected 0 to 5, got 6"):
        corrupted(images((1, 1, 8, 8)), "contrast", severity=6, seed=0)


class Threshold(nn.Module):
    """Class 1 where the mean of an image is above a threshold."""

    def forward(self, given: Tensor) -> Tensor:
        mean = given.mean((1, 2, 3))
        return torch.stack([0.5 - mean, mean - 0.5], dim=1)


def labelled() -> Images:
    pixels = torch.randint(
        0, 256, (30, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
    )
    return Images(pixels, torch.arange(30) % 2)


def test_corruption_accuracy_matches_explicit_mean_and_error() -> None:
    part, network = labelled(), Threshold().eval()
    found = corruption_accuracy(network, part, seed=3, batch=7)  # type: ignore[arg-type]
    shares = torch.zeros(30, dtype=torch.float64)
    for name, severity in every_corruption():
        versions = corrupted(unit_pixels(part.pixels), name, severity=severity, seed=3)
        right = torch.stack([network(v[None]).argmax() for v in versions]) == part.labels
        assert found.by_corruption[name, severity] == pytest.approx(float(right.double().mean()))
        shares += right.double() / 40
    assert found.value == pytest.approx(float(shares.mean()))
    expected = float(((shares - shares.mean()) ** 2).sum() / 29 / 30) ** 0.5
    assert found.standard_error == pytest.approx(expected)
    assert 0.1 < found.value < 0.9


def test_single_image_is_rejected() -> None:
    part = labelled().subset(torch.tensor([0]))
    with pytest.raises(DataError, match="expected at least two images, got 1"):
        corruption_accuracy(Threshold(), part, seed=0)  # type: ignore[arg-type]
