"""Generate a tree of JPEG files like a data set of photographs: ten classes, many sizes."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

CLASSES = 10
TEST_SHARE = 0.1
_SIDES = (160, 240, 320, 375, 400, 480, 500, 640)  # in pixels; includes common sizes of ImageNet
_MARK = "made.txt"

Array = np.ndarray[Any, Any]


def make_tree(root: Path, *, num_images: int, seed: int = 0) -> Path:
    """Write ``train/<class>/*.jpg`` and ``test/<class>/*.jpg``, unless the tree exists.

    The class is the direction of a grating on a cloudy background. The noise gives the files the
    size of photographs, and a network can learn the classes.

    Args:
        root: folder of the tree; use a separate one for each number of images.
        num_images: total number of images; a tenth of them are test images.
        seed: seed of sizes and pixels.
    """
    said = f"{num_images} images, seed {seed}"
    mark = root / _MARK
    if mark.exists() and mark.read_text() == said:
        return root
    for number in range(num_images):
        rng = np.random.default_rng([seed, number])
        label = number % CLASSES
        part = "test" if number // CLASSES % round(1 / TEST_SHARE) == 0 else "train"
        folder = root / part / f"class{label}"
        folder.mkdir(parents=True, exist_ok=True)
        size = tuple(int(side) for side in rng.choice(_SIDES, size=2))
        Image.fromarray(_picture(rng, size, label)).save(folder / f"{number:06}.jpg", quality=90)
    mark.write_text(said)
    return root


def _picture(rng: np.random.Generator, size: tuple[int, ...], label: int) -> Array:
    """A random picture of a class: uint8, (height, width, 3)."""
    height, width = size
    clouds = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
    ground = np.asarray(clouds.resize((width, height), Image.Resampling.BICUBIC), dtype=np.int16)
    rows = np.arange(height, dtype=np.float32)[:, None] / height
    columns = np.arange(width, dtype=np.float32)[None, :] / width
    angle = np.pi * label / CLASSES
    phase = np.cos(angle) * columns + np.sin(angle) * rows
    grating = 40 * np.sin(2 * np.pi * (8 * phase + rng.random()))
    grain = rng.integers(-12, 13, (height, width, 1), dtype=np.int16)
    mixed = ground + grating[..., None].astype(np.int16) + grain
    picture: Array = np.clip(mixed, 0, 255).astype(np.uint8)
    return picture
