"""Level 1: the stronger attacks and diagnostics run on every network that enters the front."""

from fractions import Fraction

import torch
from torch import Tensor, nn

from evonas.evaluation.attacks.masking.diagnosis import FEW_STEPS, masking
from evonas.evaluation.attacks.masking.level_one_report import LevelOne
from evonas.evaluation.attacks.suite import LEVEL_1, run_attack
from evonas.evaluation.data.images import FloatImages, Images
from evonas.evaluation.share_error import share_error


def level_one(
    network: nn.Module,
    images: Images | FloatImages,
    *,
    epsilon: Fraction | float,
    seed: int,
    batch_size: int = 256,
) -> LevelOne:
    """Run the attack of the search, APGD on another loss, Square, and the masking diagnostics.

    Each attack runs only on the images that the previous ones left correct. This changes no
    verdict, since an image's random numbers do not depend on the other images. The cost is about
    300 forward passes per image for the diagnostics, 34 for the first attack, and 560 for each
    image that withstands it.

    Args:
        network: maps images in [0, 1] to logits.
        images: images on the network's device.
        epsilon: radius of the L-infinity ball, in units of the pixel range.
        seed: seed of the random numbers of the attacks; a constant of the study.
        batch_size: number of images attacked at once; affects the result only by rounding.

    Raises:
        CandidateFailure: the network's logits are not finite, or two forward passes on the same
            images differ.
        DataError: there are no images.
    """
    left, clean = torch.arange(len(images)), 0.0
    standing: dict[str, Tensor] = {}  # whether each image is still classified correctly, by attack
    white_box = _standing(left, len(images))
    for attack in (FEW_STEPS, *LEVEL_1):
        if len(left):
            result = run_attack(
                network, images.subset(left), attack, epsilon=epsilon, seed=seed,
                batch_size=batch_size, positions=left,
            )  # fmt: skip
            if not standing:
                clean = _share(result.correct)
            left = left[result.robust.cpu()]
        standing[attack.name] = _standing(left, len(images))
        if not attack.is_black_box:
            white_box = standing[attack.name]
    worst = _standing(left, len(images))
    device = images.labels.device
    diagnosis = masking(
        network, images, epsilon=epsilon, seed=seed, white_box=white_box.to(device),
        black_box=(worst | ~white_box).to(device), batch_size=batch_size,
    )  # fmt: skip
    return LevelOne(
        clean=clean,
        accuracies={name: _share(flags) for name, flags in standing.items()},
        worst_case=_share(worst),
        standard_error=share_error(_share(worst), len(images)),
        masking=diagnosis,
        num_images=len(images),
    )


def _standing(left: Tensor, num_images: int) -> Tensor:
    """Bool, (N,), on the CPU: true at the positions of the remaining images."""
    flags = torch.zeros(num_images, dtype=torch.bool)
    flags[left] = True
    return flags


def _share(flags: Tensor) -> float:
    """Share of the flags that are true."""
    return float(flags.double().mean())
