"""Level 1: what a network of the front must stand before its ``robust`` is believed."""

from fractions import Fraction
from math import sqrt

from torch import nn

from evonas.evaluation.attacks.masking.diagnosis import FEW_STEPS, masking
from evonas.evaluation.attacks.masking.level_one_report import LevelOne
from evonas.evaluation.attacks.suite import LEVEL_1, run_attack, worst_case
from evonas.evaluation.data.images import FloatImages, Images


def level_one(
    network: nn.Module,
    images: Images | FloatImages,
    *,
    epsilon: Fraction | float,
    seed: int,
    batch_size: int = 256,
) -> LevelOne:
    """Attack a network by the attack of the search, by APGD on another loss, and by Square.

    The cost is about 900 forward passes an image, of which 500 are those of Square.

    Args:
        network: maps images in [0, 1] to logits.
        images: on its device.
        epsilon: radius of the L-infinity ball, in units of the pixel range.
        seed: of the random numbers of the attacks; a constant of the study.
        batch_size: images attacked at once; matters to the result only by rounding.

    Raises:
        CandidateFailure: the network's logits are not finite, or two forward passes on the same
            images differ.
        DataError: there are no images.
    """
    attacks = (FEW_STEPS, *LEVEL_1)
    results = {
        attack.name: run_attack(
            network, images, attack, epsilon=epsilon, seed=seed, batch_size=batch_size
        )
        for attack in attacks
    }
    gradient, black_box = (
        worst_case(results[a.name] for a in attacks if a.is_black_box is kind)
        for kind in (False, True)
    )
    diagnosis = masking(
        network,
        images,
        epsilon=epsilon,
        seed=seed,
        white_box=gradient,
        black_box=black_box,
        batch_size=batch_size,
    )
    left = float((gradient & black_box).double().mean())
    return LevelOne(
        clean=float(results[FEW_STEPS.name].correct.double().mean()),
        accuracies={name: float(r.robust.double().mean()) for name, r in results.items()},
        worst_case=left,
        standard_error=sqrt(left * (1 - left) / len(images)),
        masking=diagnosis,
        num_images=len(images),
    )
