"""Named attacks, grouped into levels, and how to run one on a whole set of images.

L0, used during the search, is ``robust_accuracy``; the other levels are tables in this module. The
verdict of a level is the worst case per image over its attacks: accuracies are never averaged.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import final

import torch
from torch import Tensor, nn

from evonas.errors import ConfigError, DataError
from evonas.evaluation.attacks.ascent import AttackResult
from evonas.evaluation.attacks.attackers import (
    AbstractAttacker,
    Apgd,
    ApgdTargeted,
    Batch,
    Norm,
    OnePixel,
    Pgd,
    Square,
)
from evonas.evaluation.attacks.random_numbers import uniform_rows
from evonas.evaluation.attacks.under_attack import GradientKind, under_attack
from evonas.evaluation.data.images import FloatImages, Images, unit_pixels

NUM_PROBE_IMAGES = 16  # images on which two forward passes must agree before an attack


@final
@dataclass(frozen=True)
class NamedAttack:
    """An attack with its settings, and its name in tables.

    Attributes:
        name: name in tables, from which the attack's random numbers are derived too.
        attacker: the attack itself.
    """

    name: str
    attacker: AbstractAttacker

    @property
    def is_black_box(self) -> bool:
        """Whether it uses no gradient of the network."""
        return self.attacker.is_black_box

    @property
    def norm(self) -> Norm:
        """Norm that bounds the change of an image; epsilon is ignored for "l0"."""
        return self.attacker.norm


# for networks that enter the front: a loss other than L0's, and an attack without gradients
LEVEL_1: tuple[NamedAttack, ...] = (
    NamedAttack("apgd-dlr-20", Apgd(num_steps=20, loss="dlr")),
    NamedAttack("square-500", Square(num_queries=500)),
)

# for reports and claims
LEVEL_2: tuple[NamedAttack, ...] = (
    NamedAttack("apgd-ce-100", Apgd(num_steps=100, loss="ce_scaled")),
    NamedAttack("apgd-dlr-100", Apgd(num_steps=100, loss="dlr")),
    # two starts: with one, the result may differ from AutoAttack's by an image or so, by chance
    NamedAttack("apgd-t-100x2", ApgdTargeted(num_steps=100, num_restarts=2)),
    NamedAttack("pgd-40x5", Pgd(num_steps=40, num_restarts=5)),
    NamedAttack("square-5000", Square(num_queries=5000)),
)

# another threat model (L0 norm): outside the levels, never part of their worst case
ONE_PIXEL: tuple[NamedAttack, ...] = (
    NamedAttack("one-pixel-1", OnePixel(num_pixels=1)),
    NamedAttack("one-pixel-3", OnePixel(num_pixels=3)),
    NamedAttack("one-pixel-5", OnePixel(num_pixels=5)),
)


def run_attack(
    network: nn.Module,
    images: Images | FloatImages,
    attack: NamedAttack,
    *,
    epsilon: Fraction | float,
    seed: int,
    batch_size: int = 256,
    gradient: GradientKind = "true",
    positions: Tensor | None = None,
    on_batch: Callable[[int], None] | None = None,
) -> AttackResult:
    """Attack every image once, in evaluation mode, and leave the network unchanged.

    The random numbers of an image depend only on ``seed``, the attack's name and the position of
    the image, so it meets the same attack in batches of any size. The global generators of torch
    are not touched.

    Args:
        network: maps images in [0, 1] to logits; learning rules are ignored by default.
        images: images on the network's device.
        attack: attack to run.
        epsilon: radius of the L-infinity ball, in units of the pixel range.
        seed: seed of the attack's random numbers; a constant of the study.
        batch_size: maximum number of images in one forward pass, unless a single image needs more;
            affects the result only by rounding.
        gradient: "surrogate" follows the rules' own backward pass. That shows gradient masking but
            does not measure robustness.
        positions: int64, (N,), positions of the images in the set they were taken from; by default
            0 to N - 1. They let the survivors of an attack keep their random numbers in the next.
        on_batch: called after each batch with the number of images done.

    Returns:
        One result for all images, on their device.

    Raises:
        CandidateFailure: the network's logits are not finite, or two forward passes on the same
            images differ.
        ConfigError: an argument is out of range.
        DataError: there are no images, or not one position for each.
    """
    if not len(images):
        raise DataError(f"attack '{attack.name}': expected at least one image, got none")
    if batch_size < 1:
        raise ConfigError(f"batch size of an attack: expected at least 1, got {batch_size}")
    places = range(len(images)) if positions is None else positions.tolist()
    if len(places) != len(images):
        raise DataError(f"positions of attacked images: expected {len(images)}, got {len(places)}")
    attacker, device = attack.attacker, images.pixels.device
    _, channels, height, width = images.pixels.shape
    count = attacker.num_numbers((channels, height, width))
    results: list[AttackResult] = []
    probe = unit_pixels(images.pixels[:NUM_PROBE_IMAGES])
    with under_attack(network, probe, gradient=gradient) as attacked:
        size = batch_of(len(images), batch_size=max(1, batch_size // attacker.points_at_once))
        for first in range(0, len(images), size):
            part = slice(first, first + size)
            numbers = uniform_rows(places[part], count, seed=seed, name=attack.name)
            batch = Batch(
                unit_pixels(images.pixels[part]),
                images.labels[part],
                numbers.to(device, non_blocking=True),
                float(epsilon),
            )
            results.append(attacker.attack(attacked, batch))
            if on_batch is not None:
                on_batch(min(first + size, len(images)))
    return _joined(results)


def batch_of(num_images: int, *, batch_size: int) -> int:
    """Size of equal batches, except for the last, because a CUDA graph has fixed shapes."""
    num_batches = -(-num_images // batch_size)
    return -(-num_images // num_batches)


def _joined(results: Sequence[AttackResult]) -> AttackResult:
    """Concatenate the results of consecutive batches."""
    return AttackResult(
        adversarial=torch.cat([result.adversarial for result in results]),
        robust=torch.cat([result.robust for result in results]),
        correct=torch.cat([result.correct for result in results]),
        has_gradient=torch.cat([result.has_gradient for result in results]),
        note=results[0].note,
    )


def worst_case(results: Iterable[AttackResult]) -> Tensor:
    """Whether the network is right on the clean image and under every attack: bool, (N,).

    Args:
        results: results of attacks on the same images.

    Raises:
        DataError: there are no results, or their numbers of images differ.
    """
    masks = [result.robust & result.correct for result in results]
    if not masks or len({mask.shape for mask in masks}) > 1:
        raise DataError(
            "worst case: expected results of the same images, got "
            f"{[len(mask) for mask in masks] or 'none'}"
        )
    return reduce(torch.logical_and, masks)
