"""Random numbers for attacks, drawn before the attack, with a separate row for every image.

An image therefore meets the same attack in any batch, with any other images and on any device, and
so do all networks evaluated with the same seed. No global generator is touched.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

from evonas.errors import ConfigError
from evonas.seeds import derive_seed


def uniform_rows(positions: Iterable[int], count: int, *, seed: int, name: str) -> Tensor:
    """Uniform numbers in [0, 1), float32, (positions, ``count``), on the CPU.

    Args:
        positions: positions of the images in their set, at least one.
        count: number of random numbers per image.
        seed: seed shared by all attacks of a study.
        name: name of the attack; each attack has different numbers.
    """
    rows = [
        torch.rand(
            count, generator=torch.Generator().manual_seed(derive_seed(seed, name, position))
        )
        for position in positions
    ]
    return torch.stack(rows)


def check_numbers(numbers: Tensor, images: Tensor, *, expected: int) -> None:
    """Check that the shape is (N, expected); reads no value from the device.

    Raises:
        ConfigError: the shape is another.
    """
    if numbers.shape != (len(images), expected):
        raise ConfigError(
            f"random numbers of an attack: expected shape {(len(images), expected)}, "
            f"got {tuple(numbers.shape)}"
        )


def standard_normal(numbers: Tensor) -> Tensor:
    """Map uniform numbers in [0, 1) to finite standard normal ones, by the quantile function."""
    return torch.erfinv((2 * numbers - 1).clamp_min(-1 + 2**-23)) * 2**0.5
