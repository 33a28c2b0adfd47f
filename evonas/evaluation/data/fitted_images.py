"""Fit images in memory to one square size."""

import numpy as np
import torch

from evonas.evaluation.data.fitting import Fitting
from evonas.evaluation.data.images import Images


def fitted_images(images: Images, fitting: Fitting) -> Images:
    """Fit all images to one size; channel by channel if they have not 1 or 3 channels."""
    _, channels, height, width = images.pixels.shape
    side = fitting.size
    if side is None or (height, width) == (side, side):
        return images
    planes = images.pixels if channels in (1, 3) else images.pixels.flatten(0, 1)[:, None]
    rows = [fitting.fitted(each.permute(1, 2, 0).numpy()) for each in planes]
    pixels = torch.from_numpy(np.stack(rows)).permute(0, 3, 1, 2).contiguous()
    return Images(pixels.view(-1, channels, side, side), images.labels)
