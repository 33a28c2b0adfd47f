"""Random images for measuring time and memory, which do not depend on image content."""

import torch

from evonas.evaluation.data.images import Images, Traits


def random_images(traits: Traits, *, count: int) -> Images:
    """Draw images and labels, with a fixed seed.

    Args:
        traits: traits that give the shape and the number of classes.
        count: number of images.
    """
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (count, *traits.shape), dtype=torch.uint8, generator=generator)
    labels = torch.randint(traits.num_classes, (count,), generator=generator)
    return Images(pixels, labels)
