"""Robust accuracy: the share of a fixed set of images classified correctly under attack."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, final

import torch
from torch import Tensor, nn

from evonas.errors import ConfigError, DataError
from evonas.evaluation.attacks.ascent import AttackResult
from evonas.evaluation.attacks.gradient.apgd import apgd
from evonas.evaluation.attacks.gradient_honesty import gradient_honesty
from evonas.evaluation.attacks.under_attack import GradientKind, followed_network, under_attack
from evonas.evaluation.data.images import Images, unit_pixels
from evonas.evaluation.data.split import stratified_part
from evonas.evaluation.share_error import share_error
from evonas.seeds import derive_seed

MAX_HONESTY_ERROR = 0.05  # honest gradients have errors below 0.01, surrogates about 1
MAX_ZERO_GRADIENT_SHARE = 0.01


class Attack(Protocol):
    """The signature of ``apgd`` and ``pgd``, which user-defined attacks must have too."""

    def __call__(
        self,
        network: nn.Module,
        images: Tensor,
        labels: Tensor,
        /,
        *,
        epsilon: Fraction | float,
        noise: Tensor,
        num_steps: int,
        loss: str,
    ) -> AttackResult:
        """See ``apgd``."""


@final
@dataclass(frozen=True)
class RobustAccuracy:
    """Robust accuracy of a network, and how far it can be trusted.

    Attributes:
        value: share of the images classified correctly, clean and at every point of the attack.
        standard_error: standard error of ``value`` as an estimate of the share in the population.
        clean: share classified correctly without attack; never below ``value``.
        gradient_honesty: relative error of the attacked gradient; None if not measured.
        zero_gradient_share: share of the images on which the attack had no gradient to follow.
        gradient: "true", or "surrogate" for the rule's own backward pass.
        num_images: number of attacked images.
        note: deviation from the published attack, such as another loss; usually empty.
    """

    value: float
    standard_error: float
    clean: float
    gradient_honesty: float | None
    zero_gradient_share: float
    gradient: GradientKind
    num_images: int
    note: str = ""

    @property
    def is_masked(self) -> bool:
        """Whether ``value`` must not be called robustness, because the attack was misled."""
        return (
            self.gradient == "surrogate"
            or (self.gradient_honesty is not None and self.gradient_honesty > MAX_HONESTY_ERROR)
            or self.zero_gradient_share > MAX_ZERO_GRADIENT_SHARE
        )


def robust_accuracy(
    network: nn.Module,
    images: Images,
    *,
    epsilon: Fraction | float,
    num_steps: int = 10,
    noise_seed: int,
    batch_size: int = 256,
    loss: str = "ce_scaled",
    gradient: GradientKind = "true",
    num_honesty_images: int = 16,
    attack: Attack = apgd,
) -> RobustAccuracy:
    """Attack every image once and measure the share on which the network was never wrong.

    The network is attacked in evaluation mode, with frozen parameters and exact back-propagation
    whatever rules trained it; all of this is undone afterwards, also after an exception. The noise
    that starts the attack depends only on ``noise_seed`` and the position of the image: all
    networks attacked on the same images face the same noise, in batches of any size.

    The cost is about 3 ``num_steps`` + 4 forward passes per image.

    Args:
        network: maps images in [0, 1] to logits.
        images: images on the network's device.
        epsilon: radius of the L-infinity ball, in units of the pixel range.
        num_steps: number of gradient steps of the attack.
        noise_seed: seed of the starting points; a constant of the study.
        batch_size: maximum number of images attacked at once; affects the result only by rounding,
            except along the surrogate gradient of ``drtp`` and ``sdfa``, which centre over it.
        loss: name in ``ATTACK_LOSSES``.
        gradient: "surrogate" follows the rules' own backward pass. That shows gradient masking but
            does not measure robustness, and the result is marked as masked.
        num_honesty_images: number of images on which to check the gradient; 0 skips the check.
        attack: attack to run.

    Raises:
        CandidateFailure: the network's logits are not finite, or two forward passes on the same
            images (one of them under ``true_gradient``) differ.
        ConfigError: an argument is out of range.
        DataError: there are no images.
    """
    if not len(images):
        raise DataError("robust accuracy: expected at least one image, got none")
    if batch_size < 1:
        raise ConfigError(f"batch size of an attack: expected at least 1, got {batch_size}")
    probe = images.subset(torch.arange(min(len(images), max(num_honesty_images, 1))))
    pixels = unit_pixels(probe.pixels)
    honesty: float | None = None
    note = ""
    masks: list[Tensor] = []  # three rows each; read back from the device once, at the end
    with under_attack(network, pixels, gradient=gradient) as attacked:
        if num_honesty_images:
            seed = derive_seed(noise_seed, "directions")
            followed = followed_network(network, gradient)
            honesty = gradient_honesty(followed, pixels, probe.labels, seed=seed)
        noise = start_noise(images, noise_seed=noise_seed)
        # equal batches except for the last, because a CUDA graph has fixed shapes
        num_batches = -(-len(images) // batch_size)
        size = -(-len(images) // num_batches)
        for first in range(0, len(images), size):
            batch = slice(first, first + size)
            result = attack(
                attacked,
                unit_pixels(images.pixels[batch]),
                images.labels[batch],
                epsilon=epsilon,
                noise=noise[batch].to(images.pixels.device, non_blocking=True),
                num_steps=num_steps,
                loss=loss,
            )
            robust = result.robust & result.correct
            masks.append(torch.stack([robust, result.correct, result.has_gradient]))
            note = result.note
    counts = torch.cat(masks, dim=1).sum(1).tolist()
    value, clean, with_gradient = (count / len(images) for count in counts)
    return RobustAccuracy(
        value=value,
        standard_error=share_error(value, len(images)),
        clean=clean,
        gradient_honesty=honesty,
        zero_gradient_share=1 - with_gradient,
        gradient=gradient,
        num_images=len(images),
        note=note,
    )


def start_noise(images: Images, *, noise_seed: int) -> Tensor:
    """Uniform numbers in [-1, 1) of the images' shape, float32, on the CPU.

    One draw for the whole set makes the noise independent of the batches and of the device.
    """
    generator = torch.Generator().manual_seed(noise_seed)
    return torch.rand(images.pixels.shape, generator=generator).mul_(2.0).sub_(1.0)


def robust_subset(images: Images, *, num_images: int = 1000, seed: int) -> Images:
    """Select the fixed images that ``robust`` is measured on, stratified by class.

    Returns:
        ``num_images`` images, or all if there are no more than that.
    """
    part, _ = stratified_part(
        images.labels,
        num_images=min(num_images, len(images)),
        seed=derive_seed(seed, "robust subset"),
    )
    return images.subset(part)
