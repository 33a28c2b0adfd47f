"""``mCA-native-8``: eight kinds of corruption at five severities.

The strengths are those of ``make_cifar_c.py`` (github.com/hendrycks/robustness; Hendrycks and
Dietterich 2019, arXiv 1903.12261). This is evonas's own set and must not be called CIFAR-10-C,
which has 15 kinds, has to be downloaded, and rounds its images to bytes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from torch import Generator, Tensor

from evonas.errors import ConfigError
from evonas.evaluation.corruptions.blur import defocus_blur, gaussian_blur
from evonas.evaluation.corruptions.noise import gaussian_noise, impulse_noise, shot_noise
from evonas.evaluation.corruptions.pixelate import pixelate
from evonas.evaluation.corruptions.tone import brightness, contrast
from evonas.registry import look_up
from evonas.seeds import derive_seed

NAME = "mCA-native-8"
NUM_SEVERITIES = 5

Strength = tuple[float, ...]


@dataclass(frozen=True)
class Corruption:
    """One kind of corruption.

    Attributes:
        name: name in :data:`CORRUPTIONS`.
        strengths: parameters of each severity, the mildest first.
        apply: maps images (N, C, H, W) in [0, 1], a strength and a random generator to images of
            the same shape.
    """

    name: str
    strengths: tuple[Strength, ...]
    apply: Callable[[Tensor, Strength, Generator], Tensor]


def _of_each(*strengths: float) -> tuple[Strength, ...]:
    return tuple((strength,) for strength in strengths)


CORRUPTIONS: dict[str, Corruption] = {
    each.name: each
    for each in (
        Corruption(
            "gaussian noise", _of_each(0.04, 0.06, 0.08, 0.09, 0.10),
            lambda x, c, g: gaussian_noise(x, *c, generator=g),
        ),
        Corruption(
            "shot noise", _of_each(500, 250, 100, 75, 50),
            lambda x, c, g: shot_noise(x, *c, generator=g),
        ),
        Corruption(
            "impulse noise", _of_each(0.01, 0.02, 0.03, 0.05, 0.07),
            lambda x, c, g: impulse_noise(x, *c, generator=g),
        ),
        Corruption(
            "gaussian blur", _of_each(0.4, 0.6, 0.7, 0.8, 1.0),
            lambda x, c, _: gaussian_blur(x, *c),
        ),
        Corruption(
            "defocus blur", ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1.0, 0.2), (1.5, 0.1)),
            lambda x, c, _: defocus_blur(x, *c),
        ),
        Corruption(
            "brightness", _of_each(0.05, 0.1, 0.15, 0.2, 0.3), lambda x, c, _: brightness(x, *c)
        ),
        Corruption(
            "contrast", _of_each(0.75, 0.5, 0.4, 0.3, 0.15), lambda x, c, _: contrast(x, *c)
        ),
        Corruption(
            "pixelate", _of_each(0.95, 0.9, 0.85, 0.75, 0.65), lambda x, c, _: pixelate(x, *c)
        ),
    )
}  # fmt: skip


def corrupted(images: Tensor, name: str, *, severity: int, seed: int) -> Tensor:
    """Apply one corruption to all images.

    The random numbers depend on seed, kind, severity and position of the image, so all images of a
    set must be passed at once, always in the same order.

    Args:
        images: (N, C, H, W) in [0, 1], of at least 3 x 3 pixels.
        name: name of the kind.
        severity: 1 to 5; 0 returns the images unchanged.
        seed: seed of the noise.

    Raises:
        UnknownNameError: there is no such kind.
        ConfigError: there is no such severity.
    """
    kind = look_up(CORRUPTIONS, name, kind="corruption")
    if not 0 <= severity <= NUM_SEVERITIES:
        raise ConfigError(f"severity: expected 0 to {NUM_SEVERITIES}, got {severity}")
    if severity == 0:
        return images
    generator = Generator().manual_seed(derive_seed(seed, name, severity))
    return kind.apply(images, kind.strengths[severity - 1], generator)


def every_corruption() -> Iterator[tuple[str, int]]:
    """Yield the 40 pairs of kind and severity."""
    for name in CORRUPTIONS:
        for severity in range(1, NUM_SEVERITIES + 1):
            yield name, severity
