"""Distinguish robustness from a failure of gradient attacks (gradient masking).

The checks are those of Athalye, Carlini and Wagner (2018) and of Carlini et al. (2019, section 5),
made into numbers. None proves robustness; each can show that a number is not robustness.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from evonas.evaluation.attacks.ascent import AttackResult, Observation, observe
from evonas.evaluation.attacks.attack_losses import AttackLoss, ce, ce_scaled
from evonas.evaluation.attacks.attackers import Apgd
from evonas.evaluation.attacks.frozen_network import frozen
from evonas.evaluation.attacks.gradient_honesty import gradient_honesty
from evonas.evaluation.attacks.masking.report import Masking, MaskingCheck
from evonas.evaluation.attacks.robustness import MAX_HONESTY_ERROR, MAX_ZERO_GRADIENT_SHARE
from evonas.evaluation.attacks.suite import NUM_PROBE_IMAGES, NamedAttack, run_attack
from evonas.evaluation.attacks.under_attack import GradientKind, under_attack
from evonas.evaluation.data.images import FloatImages, Images, unit_pixels
from evonas.evaluation.share_error import share_error
from evonas.rules import rule_layers, true_gradient
from evonas.seeds import derive_seed

FEW_STEPS = NamedAttack("apgd-ce-10", Apgd(num_steps=10))  # as in the search's loop
MANY_STEPS = NamedAttack("apgd-ce-50", Apgd(num_steps=50))
MAX_STEP_GAP = 0.05
HALF_RANGE = Fraction(127, 255)
NUM_HONESTY_IMAGES = 16
LARGEST_ERROR = 1e6  # of a gradient that predicts change where there is none
ERRORS = 2.0  # standard errors beyond which a difference counts
QUANTILE = 1.96  # of the normal distribution, for an interval of 95 %


def masking(
    network: nn.Module,
    images: Images | FloatImages,
    *,
    epsilon: Fraction | float,
    seed: int,
    white_box: Tensor | None = None,
    black_box: Tensor | None = None,
    batch_size: int = 256,
    on_step: Callable[[], None] = lambda: None,
) -> Masking:
    """Diagnose a network at one radius, in evaluation mode and along its true gradient.

    The cost is about 270 forward passes an image, 300 for a network with learning rules.

    Args:
        network: maps images in [0, 1] to logits (N, classes).
        images: on the network's device.
        epsilon: radius of the L-infinity ball, in units of the pixel range.
        seed: seed of the random numbers of the attacks.
        white_box: bool, (N,): robust under other gradient attacks at this radius.
        black_box: bool, (N,): robust under a black-box attack at this radius; without it the
            Square gap is not measured.
        batch_size: images attacked at once; affects the result only by rounding.
        on_step: called after each of the four or five attacks.

    Raises:
        CandidateFailure: the network's logits are not finite, or two forward passes on the same
            images differ.
        DataError: there are no images.
    """

    def attacked(
        attack: NamedAttack, radius: Fraction | float, gradient: GradientKind = "true"
    ) -> AttackResult:
        result = run_attack(
            network, images, attack, epsilon=radius, seed=seed, batch_size=batch_size,
            gradient=gradient,
        )  # fmt: skip
        on_step()
        return result

    start = attacked(FEW_STEPS, epsilon)
    few, many = start.robust, attacked(MANY_STEPS, epsilon).robust
    doubled = attacked(FEW_STEPS, min(2 * epsilon, 1)).robust
    half_range = attacked(FEW_STEPS, max(HALF_RANGE, epsilon)).robust
    honesty = _honesty(network, images, seed)
    saturated = _no_gradient(network, images, loss=ce, batch_size=batch_size)
    gradients = few & many if white_box is None else few & many & white_box
    checks = (
        _above("grad_honesty", honesty, MAX_HONESTY_ERROR),
        _above("zero_gradient", _share(~start.has_gradient), MAX_ZERO_GRADIENT_SHARE),
        _above("saturation", saturated, MAX_ZERO_GRADIENT_SHARE),
        square_gap(gradients, black_box),
        order(few, doubled),
        _above("half_range", _share(half_range), _chance(network, images)),
        _above("step_gap", _share(few) - _share(many), MAX_STEP_GAP),
    )
    if not rule_layers(network):
        return Masking(checks, None, None, len(images))
    surrogate = attacked(FEW_STEPS, epsilon, "surrogate").robust
    cosine = gradient_cosine(network, images, batch_size=batch_size)
    return Masking(checks, _share(surrogate) - _share(few), cosine, len(images))


def square_gap(white_box: Tensor, black_box: Tensor | None) -> MaskingCheck:
    """The share of images that survive all gradient attacks but not a black-box attack.

    An attack that knows less cannot find more, unless the gradient misleads. Flagged if the lower
    end of the 95 % interval of the share, by the normal distribution, is above 0.

    Args:
        white_box: bool, (N,): robust under gradient attacks.
        black_box: bool, (N,): robust under a black-box attack; None if there was none.
    """
    if black_box is None:
        return MaskingCheck("square_gap", None, 0.0, is_flagged=False)
    gap = _share(white_box & ~black_box)
    error = share_error(gap, len(white_box))
    return MaskingCheck("square_gap", gap, QUANTILE * error, gap > QUANTILE * error)


def order(at_epsilon: Tensor, at_more: Tensor) -> MaskingCheck:
    """By how much accuracy rises with the radius; flagged beyond two standard errors.

    Every point within a ball lies in a larger ball, so that the best attack cannot find less. The
    error is that of a difference of pairs, as both radii are tried on the same images.

    Args:
        at_epsilon: bool, (N,): robust at one radius.
        at_more: bool, (N,): robust at a larger one.
    """
    rise = at_more.double() - at_epsilon.double()
    error = float(rise.var(correction=0)) ** 0.5 / sqrt(len(rise))
    value, threshold = float(rise.mean()), ERRORS * error
    return MaskingCheck("order", value, threshold, value > max(threshold, 0.0))


def gradient_cosine(
    network: nn.Module, images: Images | FloatImages, *, batch_size: int = 256
) -> float:
    """Cosine between a network's own input gradient and its true one, mean over images.

    1 for back-propagation; 0 where either gradient is zero.

    Args:
        network: with learning rules.
        images: on its device.
        batch_size: images at once.
    """
    own, true = (
        torch.cat([seen.gradient.flatten(1) for seen in _observed(
            network, images, loss=ce_scaled, batch_size=batch_size, gradient=gradient
        )])
        for gradient in ("surrogate", "true")
    )  # fmt: skip
    return float(F.cosine_similarity(_unit(own), _unit(true)).mean())


def _observed(
    network: nn.Module,
    images: Images | FloatImages,
    *,
    loss: AttackLoss,
    batch_size: int,
    gradient: GradientKind = "true",
) -> Iterator[Observation]:
    """What an attack sees of the clean images, batch by batch."""
    probe = unit_pixels(images.pixels[:NUM_PROBE_IMAGES])
    with under_attack(network, probe, gradient=gradient) as seen:
        for first in range(0, len(images), batch_size):
            part = slice(first, first + batch_size)
            yield observe(seen, unit_pixels(images.pixels[part]), images.labels[part], loss=loss)


def _no_gradient(
    network: nn.Module, images: Images | FloatImages, *, loss: AttackLoss, batch_size: int
) -> float:
    """The share of images where a loss has no gradient at all."""
    seen = _observed(network, images, loss=loss, batch_size=batch_size)
    return _share(~torch.cat([each.has_gradient for each in seen]))


def _above(name: str, value: float | None, threshold: float) -> MaskingCheck:
    return MaskingCheck(name, value, threshold, value is not None and value > threshold)


def _honesty(network: nn.Module, images: Images | FloatImages, seed: int) -> float | None:
    probe = unit_pixels(images.pixels[:NUM_HONESTY_IMAGES])
    labels = images.labels[:NUM_HONESTY_IMAGES]
    try:
        with true_gradient(network):
            error = gradient_honesty(network, probe, labels, seed=derive_seed(seed, "directions"))
    except (RuntimeError, TypeError):  # it cannot be copied, or not be made float64
        return None
    return min(error, LARGEST_ERROR)


def _chance(network: nn.Module, images: Images | FloatImages) -> float:
    """What a constant answer comes to, and two standard errors more."""
    with frozen(network), torch.no_grad():
        num_classes = network(unit_pixels(images.pixels[:1])).shape[1]
    largest = float(images.labels.bincount().max()) / len(images)
    share: float = max(largest, 1 / num_classes)
    return share + ERRORS * share_error(share, len(images))


def _share(flags: Tensor) -> float:
    return float(flags.double().mean())


def _unit(gradients: Tensor) -> Tensor:
    """Each row by its largest entry: the cosine of very small rows would be taken for 0."""
    return gradients / gradients.abs().amax(1, keepdim=True).clamp_min(1e-30)
