"""``ece``: expected calibration error (Guo, Pleiss, Sun and Weinberger 2017)."""

from typing import TYPE_CHECKING

from evonas.evaluation.objectives.objective import MeasuredValue, Subject

if TYPE_CHECKING:
    from numpy import ndarray

NUM_BINS = 15
NUM_RESAMPLES = 200


def measure_calibration(subject: Subject) -> MeasuredValue:
    """The expected calibration error on the validation part, in [0, 1]."""
    import torch

    from evonas.evaluation.data.images import unit_pixels
    from evonas.seeds import derive_seed

    confidences, rights = [], []
    with torch.inference_mode():
        for part in subject.validation.chunks(500):
            logits = subject.network(unit_pixels(part.pixels))
            confidence, guess = logits.double().softmax(1).max(1)
            confidences.append(confidence)
            rights.append(guess == part.labels)
    return calibration_error(
        torch.cat(confidences).cpu().numpy(),
        torch.cat(rights).cpu().numpy(),
        seed=derive_seed(subject.attack_seed, "ece"),
    )


def calibration_error(
    confidence: "ndarray", right: "ndarray", *, seed: int, num_bins: int = NUM_BINS
) -> MeasuredValue:
    """Mean distance between accuracy and confidence over bins of equal width (eq. 3).

    The standard error is the bootstrap's: the standard deviation over resampled sets of images.
    With few images the value is biased upwards, by about one standard error.

    Args:
        confidence: float64 (images,), largest class probability of each image.
        right: bool (images,), whether each image is classified correctly.
        seed: seed of the resampling.
        num_bins: number of bins of equal width; each excludes its lower end.
    """
    import numpy as np

    count = len(confidence)
    bins = np.clip(np.ceil(confidence * num_bins).astype(int) - 1, 0, num_bins - 1)
    excess = np.zeros((count, num_bins))
    excess[np.arange(count), bins] = right - confidence
    drawn = np.random.default_rng(seed).multinomial(
        count, np.full(count, 1.0 / count), size=NUM_RESAMPLES
    )
    resampled = np.abs(drawn @ excess).sum(1) / count
    value = float(np.abs(excess.sum(0)).sum() / count)
    return MeasuredValue(value, float(resampled.std(ddof=1)))
