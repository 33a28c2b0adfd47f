"""Diagnose whether accuracy under gradient attacks is robustness, or a failure of the attacks.

The checks quantify those of Athalye, Carlini and Wagner (2018) and of Carlini et al. (2019,
section 5). None proves robustness; each can show that a number is not robustness.
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

FEW_STEPS = NamedAttack("apgd-ce-10", Apgd(num_steps=10))  # the attack used during the search
MANY_STEPS = NamedAttack("apgd-ce-50", Apgd(num_steps=50))
MAX_STEP_GAP = 0.05
HALF_RANGE = Fraction(127, 255)
NUM_HONESTY_IMAGES = 16
LARGEST_ERROR = 1e6  # cap: the error is unbounded if the loss is flat but the gradient is not
ERRORS = 2.0  # number of standard errors beyond which a difference counts
QUANTILE = 1.96  # quantile of the normal distribution for a 95 % interval


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

    The cost is about 270 forward passes per image, 300 for a network with learning rules.

    Args:
        network: maps images in [0, 1] to logits (N, classes).
        images: images on the network's device.
        epsilon: radius of the L-infinity ball, in units of the pixel range.
        seed: seed of the random numbers of the attacks.
        white_box: bool, (N,): robust under other gradient attacks at this radius.
        black_box: bool, (N,): robust under a black-box attack at this radius; without it the
            Square gap is not measured.
        batch_size: number of images attacked at once; affects the result only by rounding.
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
    """Share of images that withstand all gradient attacks but not a black-box attack.

    An attack with less information cannot find more, unless the gradient misleads the others. The
    check is flagged if the lower end of the normal 95 % interval of the share is above 0.

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
    """Increase of the accuracy with the radius; flagged beyond two standard errors.

    A larger ball contains the smaller one, so the best attack cannot find less in it. The standard
    error is that of paired differences, as both radii are tried on the same images.

    Args:
        at_epsilon: bool, (N,): robust at one radius.
        at_more: bool, (N,): robust at a larger radius.
    """
    rise = at_more.double() - at_epsilon.double()
    error = float(rise.var(correction=0)) ** 0.5 / sqrt(len(rise))
    value, threshold = float(rise.mean()), ERRORS * error
    return MaskingCheck("order", value, threshold, value > max(threshold, 0.0))


def gradient_cosine(
    network: nn.Module, images: Images | FloatImages, *, batch_size: int = 256
) -> float:
    """Cosine between a network's surrogate and true input gradients, averaged over images.

    1 for back-propagation; images on which either gradient is zero count as 0.

    Args:
        network: network with learning rules.
        images: images on its device.
        batch_size: number of images per pass.
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
    """Yield the observations of the clean images, batch by batch."""
    probe = unit_pixels(images.pixels[:NUM_PROBE_IMAGES])
    with under_attack(network, probe, gradient=gradient) as seen:
        for first in range(0, len(images), batch_size):
            part = slice(first, first + batch_size)
            yield observe(seen, unit_pixels(images.pixels[part]), images.labels[part], loss=loss)


def _no_gradient(
    network: nn.Module, images: Images | FloatImages, *, loss: AttackLoss, batch_size: int
) -> float:
    """Share of images on which the gradient of a loss is zero everywhere."""
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
    except (RuntimeError, TypeError):  # it cannot be copied or converted to float64
        return None
    return min(error, LARGEST_ERROR)


def _chance(network: nn.Module, images: Images | FloatImages) -> float:
    """Accuracy of constant predictions, at least 1 / classes, plus two standard errors."""
    with frozen(network), torch.no_grad():
        num_classes = network(unit_pixels(images.pixels[:1])).shape[1]
    largest = float(images.labels.bincount().max()) / len(images)
    share: float = max(largest, 1 / num_classes)
    return share + ERRORS * share_error(share, len(images))


def _share(flags: Tensor) -> float:
    return float(flags.double().mean())


def _unit(gradients: Tensor) -> Tensor:
    """Divide each row by its largest entry, as the cosine of tiny rows would round to 0."""
    return gradients / gradients.abs().amax(1, keepdim=True).clamp_min(1e-30)
