"""A tree of JPEG files that looks like a data set of photographs: ten classes, many sizes."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

CLASSES = 10
TEST_SHARE = 0.1
_SIDES = (160, 240, 320, 375, 400, 480, 500, 640)  # pixels: ImageNet's common ones among them
_MARK = "made.txt"

Array = np.ndarray[Any, Any]


def make_tree(root: Path, *, num_images: int, seed: int = 0) -> Path:
    """``train/<class>/*.jpg`` and ``test/<class>/*.jpg``; a tree that is there stays.

    A class is the direction of a grating under clouds of colour, as noisy as a photograph, so
    that files have the size of photographs and a network has something to learn.

    Args:
        root: the folder; one of its own for every number of images.
        num_images: in all; a tenth of them is for testing.
        seed: draws sizes and pixels.
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
    """uint8, (height, width, 3)."""
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
