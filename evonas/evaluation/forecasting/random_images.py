"""Images to try a network on: time and memory do not depend on what they show."""

import torch

from evonas.evaluation.data.images import Images, Traits


def random_images(traits: Traits, *, count: int) -> Images:
    """So many images and labels, always the same.

    Args:
        traits: their shape and number of classes.
        count: number of images.
    """
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (count, *traits.shape), dtype=torch.uint8, generator=generator)
    labels = torch.randint(traits.num_classes, (count,), generator=generator)
    return Images(pixels, labels)
