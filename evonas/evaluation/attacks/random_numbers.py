"""Random numbers of an attack: drawn before it begins, a row of its own for every image.

So an image faces the same attack in any batch, with any other images and on any device, and all
networks evaluated with one seed face the same. No global generator is touched.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

from evonas.errors import ConfigError
from evonas.seeds import derive_seed


def uniform_rows(positions: Iterable[int], count: int, *, seed: int, name: str) -> Tensor:
    """Uniform numbers in [0, 1), float32, (positions, ``count``), on the CPU.

    Args:
        positions: positions of the images in their set.
        count: numbers for each image.
        seed: seed of all attacks of a study.
        name: name of the attack; each has numbers of its own.
    """
    rows = [
        torch.rand(
            count, generator=torch.Generator().manual_seed(derive_seed(seed, name, position))
        )
        for position in positions
    ]
    return torch.stack(rows) if rows else torch.empty(0, count)


def check_numbers(numbers: Tensor, images: Tensor, *, expected: int) -> None:
    """Refuse numbers of another shape than (N, expected); reads no value from the device.

    Raises:
        ConfigError: they have another shape.
    """
    if numbers.shape != (len(images), expected):
        raise ConfigError(
            f"random numbers of an attack: expected shape {(len(images), expected)}, "
            f"got {tuple(numbers.shape)}"
        )


def standard_normal(numbers: Tensor) -> Tensor:
    """Uniform numbers in [0, 1) as standard normal ones, by the quantile function; finite."""
    return torch.erfinv((2 * numbers - 1).clamp_min(-1 + 2**-23)) * 2**0.5
