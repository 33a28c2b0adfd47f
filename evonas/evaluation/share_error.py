"""The error of a share of images, from there being so many images and no more; without torch."""

from math import sqrt


def share_error(share: float, num_images: int) -> float:
    """The standard error of a share, as an estimate of that among all such images.

    Args:
        share: in [0, 1].
        num_images: the number of images that it is a share of, at least 1.
    """
    return sqrt(share * (1.0 - share) / num_images)
