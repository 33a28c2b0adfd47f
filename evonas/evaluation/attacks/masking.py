"""Whether the accuracy that gradient attacks leave is robustness, or only their failure.

The checks are those of Athalye, Carlini and Wagner (2018) and of Carlini et al. (2019, section 5),
made into numbers. None proves robustness; each can show that a number is not robustness.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from fractions import Fraction
from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from evonas.evaluation.attacks.apgd import apgd
from evonas.evaluation.attacks.ascent import observe
from evonas.evaluation.attacks.attack_losses import ce, ce_scaled
from evonas.evaluation.attacks.frozen_network import frozen
from evonas.evaluation.attacks.gradient_honesty import gradient_honesty
from evonas.evaluation.attacks.masking_report import Masking, MaskingCheck
from evonas.evaluation.attacks.robustness import MAX_HONESTY_ERROR, MAX_ZERO_GRADIENT_SHARE
from evonas.rules import rule_layers, true_gradient
from evonas.seeds import derive_seed

FEW_STEPS, MANY_STEPS = 10, 50
MAX_STEP_GAP = 0.05
HALF_RANGE = Fraction(127, 255)
NUM_HONESTY_IMAGES = 16
LARGEST_ERROR = 1e6  # of a gradient that predicts change where there is none
ERRORS = 2.0  # standard errors beyond which a difference counts
QUANTILE = 1.96  # of the normal distribution, for an interval of 95 %


def masking(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    epsilon: Fraction | float,
    seed: int,
    white_box: Tensor | None = None,
    black_box: Tensor | None = None,
    batch_size: int = 256,
) -> Masking:
    """Diagnose a network at one radius, in evaluation mode and along its true gradient.

    The cost is about 270 forward passes an image, 300 for a network with learning rules.

    Args:
        network: maps images in [0, 1] to logits (N, classes); the same each time.
        images: float, (N, C, H, W), in [0, 1]; at least one.
        labels: int64, (N,).
        epsilon: radius of the L-infinity ball, in units of the pixel range.
        seed: of the starts of the attacks.
        white_box: bool, (N,): robust under other gradient attacks at this radius.
        black_box: bool, (N,): robust under a black-box attack at this radius; without it the
            Square gap is not measured.
        batch_size: images attacked at once.
    """
    generator = torch.Generator().manual_seed(derive_seed(seed, "masking"))
    noise = torch.rand(images.shape, generator=generator).mul_(2.0).sub_(1.0).to(images.device)

    def robust(radius: Fraction | float, num_steps: int) -> tuple[Tensor, Tensor]:
        """Whether images survive, and whether there was a gradient where the attack began."""
        results = [
            apgd(
                network, images[batch], labels[batch], epsilon=radius, noise=noise[batch],
                num_steps=num_steps, loss="ce_scaled",
            )
            for batch in _batches(len(images), batch_size)
        ]  # fmt: skip
        return torch.cat([r.robust for r in results]), torch.cat([r.has_gradient for r in results])

    with _attacked(network):
        few, has_gradient = robust(epsilon, FEW_STEPS)
        many, _ = robust(epsilon, MANY_STEPS)
        doubled, _ = robust(min(2 * epsilon, 1), FEW_STEPS)
        half_range, _ = robust(max(HALF_RANGE, epsilon), FEW_STEPS)
        checks = (
            _above("grad_honesty", _honesty(network, images, labels, seed), MAX_HONESTY_ERROR),
            _above("zero_gradient", 1 - _share(has_gradient), MAX_ZERO_GRADIENT_SHARE),
            _above(
                "saturation", _saturated(network, images, labels, batch_size),
                MAX_ZERO_GRADIENT_SHARE,
            ),
            square_gap(few & many if white_box is None else few & many & white_box, black_box),
            order(few, doubled),
            _above("half_range", _share(half_range), _chance(network, images, labels)),
            _above("step_gap", _share(few) - _share(many), MAX_STEP_GAP),
        )  # fmt: skip
    if not rule_layers(network):
        return Masking(checks, None, None, len(images))
    with _attacked(network, is_true=False):
        surrogate, _ = robust(epsilon, FEW_STEPS)
    gap = _share(surrogate) - _share(few)
    cosine = gradient_cosine(network, images, labels, batch_size=batch_size)
    return Masking(checks, gap, cosine, len(images))


def square_gap(white_box: Tensor, black_box: Tensor | None) -> MaskingCheck:
    """The share of images that stand all gradient attacks, and fall to a black-box attack.

    An attack that knows less cannot find more, unless the gradient misleads. Flagged if the lower
    end of the 95 % interval of the share, by the normal distribution, is above 0.

    Args:
        white_box: bool, (N,): robust under gradient attacks.
        black_box: bool, (N,): robust under a black-box attack; None if there was none.
    """
    if black_box is None:
        return MaskingCheck("square_gap", None, 0.0, is_flagged=False)
    gap = _share(white_box & ~black_box)
    error = sqrt(gap * (1 - gap) / len(white_box))
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
    network: nn.Module, images: Tensor, labels: Tensor, *, batch_size: int = 256
) -> float:
    """Cosine between a network's own input gradient and its true one, mean over images.

    1 for back-propagation; 0 where either gradient is zero.

    Args:
        network: with learning rules.
        images: float, (N, C, H, W), in [0, 1].
        labels: int64, (N,).
        batch_size: images at once.
    """

    def gradients() -> Tensor:
        batches = _batches(len(images), batch_size)
        seen = [observe(network, images[b], labels[b], loss=ce_scaled) for b in batches]
        return torch.cat([each.gradient for each in seen]).flatten(1)

    with _attacked(network):
        true = gradients()
    with _attacked(network, is_true=False):
        own = gradients()
    return float(F.cosine_similarity(_unit(own), _unit(true)).mean())


@contextmanager
def _attacked(network: nn.Module, *, is_true: bool = True) -> Iterator[None]:
    with frozen(network), true_gradient(network) if is_true else nullcontext():
        yield


def _above(name: str, value: float | None, threshold: float) -> MaskingCheck:
    return MaskingCheck(name, value, threshold, value is not None and value > threshold)


def _honesty(network: nn.Module, images: Tensor, labels: Tensor, seed: int) -> float | None:
    probe, named = images[:NUM_HONESTY_IMAGES], labels[:NUM_HONESTY_IMAGES]
    try:
        error = gradient_honesty(network, probe, named, seed=derive_seed(seed, "directions"))
    except (RuntimeError, TypeError):  # it cannot be copied, or not be made float64
        return None
    return min(error, LARGEST_ERROR)


def _saturated(network: nn.Module, images: Tensor, labels: Tensor, batch_size: int) -> float:
    """The share of images where plain cross-entropy has no gradient at all."""
    seen = [
        observe(network, images[batch], labels[batch], loss=ce).has_gradient
        for batch in _batches(len(images), batch_size)
    ]
    return 1 - _share(torch.cat(seen))


def _chance(network: Callable[[Tensor], Tensor], images: Tensor, labels: Tensor) -> float:
    """What a constant answer comes to, and two standard errors more."""
    with torch.no_grad():
        num_classes = network(images[:1]).shape[1]
    largest = float(labels.bincount().max()) / len(labels)
    share = max(largest, 1 / num_classes)
    return share + ERRORS * sqrt(share * (1 - share) / len(labels))


def _batches(num_images: int, batch_size: int) -> list[slice]:
    return [slice(first, first + batch_size) for first in range(0, num_images, batch_size)]


def _share(flags: Tensor) -> float:
    return float(flags.double().mean())


def _unit(gradients: Tensor) -> Tensor:
    """Each row by its largest entry: the cosine of very small rows would be taken for 0."""
    return gradients / gradients.abs().amax(1, keepdim=True).clamp_min(1e-30)
