"""How images of any size are fitted to one square size; does not import torch."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from PIL import Image

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


AS_THEY_ARE = Fitting()


def _scaled(length: int, size: int, side: int) -> int:
    """``length * size / side``, rounded to the nearest; at least one pixel."""
    return max(1, (2 * length * size + side) // (2 * side))
