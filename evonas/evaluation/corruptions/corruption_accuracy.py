"""The accuracy of a network on corrupted images: the mean over kinds and severities."""

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
    """What corruption leaves of a network's accuracy.

    Attributes:
        value: the mean over all kinds, severities and images.
        standard_error: standard error of ``value`` as an estimate for all such images. An image
            counts by the share of its 40 versions that is right, as these are not independent.
        by_corruption: accuracy by (kind, severity).
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
        network: in evaluation mode.
        images: on its device.
        seed: seed of the noise: networks that are compared must have the same.
        batch: images at once; it makes no difference but for rounding.

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
    right = torch.stack(rows).cpu().double()  # (40, images): one readback
    shares = right.mean(0)
    return CorruptionAccuracy(
        value=float(shares.mean()),
        standard_error=float(shares.std()) / len(images) ** 0.5,
        by_corruption=dict(zip(pairs, right.mean(1).tolist(), strict=True)),
    )
