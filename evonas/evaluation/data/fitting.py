"""Fit images of any size to one square size, by cropping or letterboxing."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from PIL import Image

from evonas.evaluation.data.images import Images
from evonas.settings import TrainingSettings

CROP, LETTERBOX = "crop", "letterbox"
REFUSE, SKIP = "refuse", "skip"
MEMORY, DISK = "memory", "disk"

Array = np.ndarray[Any, Any]


@final
@dataclass(frozen=True)
class Fitting:
    """How images are fitted to one size, and where they are kept.

    Attributes:
        size: height and width in pixels; None keeps their size.
        fit: ``crop`` scales the shorter side to ``size`` and keeps the centre; ``letterbox``
            scales the longer side to ``size`` and pads the shorter one with black on both sides.
        unreadable: whether to ``refuse`` or ``skip`` files that cannot be read.
        storage: ``memory`` decodes all files when they are loaded; ``disk`` decodes each of them
            whenever it is used. The images are the same.
    """

    size: int | None = None
    fit: str = CROP
    unreadable: str = REFUSE
    storage: str = MEMORY

    @classmethod
    def of(cls, training: TrainingSettings) -> "Fitting":
        """The fitting of a run; in memory if the storage is not decided yet."""
        storage = DISK if training.image_storage == DISK else MEMORY
        return cls(training.image_size, training.image_fit, training.unreadable, storage)

    @property
    def stays_on_disk(self) -> bool:
        """Whether images stay on disk and are decoded whenever they are used."""
        return self.storage == DISK

    def fitted(self, pixels: Array) -> Array:
        """Fit one image to this size.

        Pillow's bilinear filter scales it, averaging over all pixels that it merges.

        Args:
            pixels: uint8, (height, width, channels), 1 or 3 channels.

        Returns:
            uint8, (size, size, channels).
        """
        if self.size is None:
            return pixels
        height, width, channels = pixels.shape
        side = min(height, width) if self.fit == CROP else max(height, width)
        scaled = (_scaled(width, self.size, side), _scaled(height, self.size, side))
        image = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
        if image.size != scaled:
            image = image.resize(scaled, Image.Resampling.BILINEAR)
        left, top = (scaled[0] - self.size) // 2, (scaled[1] - self.size) // 2
        # Pillow fills the parts of the box beyond the image with black
        image = image.crop((left, top, left + self.size, top + self.size))
        return np.array(image).reshape(self.size, self.size, channels)

    def fitted_all(self, images: Images) -> Images:
        """Fit all images to this size; channel by channel if they have not 1 or 3 channels."""
        _, channels, height, width = images.pixels.shape
        if self.size is None or (height, width) == (self.size, self.size):
            return images
        planes = images.pixels if channels in (1, 3) else images.pixels.flatten(0, 1)[:, None]
        rows = [self.fitted(each.permute(1, 2, 0).numpy()) for each in planes]
        pixels = torch.from_numpy(np.stack(rows)).permute(0, 3, 1, 2).contiguous()
        return Images(pixels.view(-1, channels, self.size, self.size), images.labels)


AS_THEY_ARE = Fitting()


def _scaled(length: int, size: int, side: int) -> int:
    """``length * size / side``, rounded to the nearest; at least one pixel."""
    return max(1, (2 * length * size + side) // (2 * side))
