"""Standard error of a share of a finite number of images; does not import torch."""

from math import sqrt


def share_error(share: float, num_images: int) -> float:
    """Standard error of an observed share as an estimate of the share in the population.

    Args:
        share: observed share, in [0, 1].
        num_images: number of images it was observed on, at least 1.
    """
    return sqrt(share * (1.0 - share) / num_images)
