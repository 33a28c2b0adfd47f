"""Measure the accuracy of a network on corrupted images, averaged over kinds and severities."""

from dataclasses import dataclass
from typing import final

import torch

from evonas.errors import DataError
from evonas.evaluation.corruptions.native_set import corrupted, every_corruption
from evonas.evaluation.data.images import Images, unit_pixels
from evonas.networks import Network


@final
@dataclass(frozen=True)
class CorruptionAccuracy:
    """Accuracy of a network on corrupted images.

    Attributes:
        value: mean accuracy over all kinds, severities and images.
        standard_error: standard error of ``value`` as an estimate for the population of images.
            Each image contributes the share of its 40 versions classified correctly, as these are
            not independent.
        by_corruption: accuracy for each (kind, severity).
    """

    value: float
    standard_error: float
    by_corruption: dict[tuple[str, int], float]


@torch.inference_mode()
def corruption_accuracy(
    network: Network, images: Images, *, seed: int, batch: int = 500
) -> CorruptionAccuracy:
    """Classify every image under every corruption of the set.

    Args:
        network: network in evaluation mode.
        images: images on its device.
        seed: seed of the noise; must be equal for networks that are compared.
        batch: number of images per pass; affects the result only by rounding.

    Raises:
        DataError: there are fewer than two images.
    """
    if len(images) < 2:
        raise DataError(f"corruption: expected at least two images, got {len(images)}")
    clean = unit_pixels(images.pixels)
    pairs = list(every_corruption())
    rows = []
    for name, severity in pairs:
        versions = corrupted(clean, name, severity=severity, seed=seed)
        guesses = [network(part).argmax(1) for part in versions.split(batch)]
        rows.append(torch.cat(guesses) == images.labels)
    right = torch.stack(rows).cpu().double()  # (40, images), read back from the device once
    shares = right.mean(0)
    return CorruptionAccuracy(
        value=float(shares.mean()),
        standard_error=float(shares.std()) / len(images) ** 0.5,
        by_corruption=dict(zip(pairs, right.mean(1).tolist(), strict=True)),
    )
