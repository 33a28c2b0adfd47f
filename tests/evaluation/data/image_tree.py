"""A small folder of images of various sizes and formats."""

from pathlib import Path

import numpy as np
from PIL import Image

SIZE = 12  # side in pixels to which tests resize the images


def make_image_tree(root: Path, *, train: int = 12, test: int = 4) -> Path:
    """Write images of three classes: large JPEGs, grey and palette images, a rotated one.

    Args:
        root: folder of the images.
        train: number of training images per class.
        test: number of test images per class.
    """
    rng = np.random.default_rng(0)
    for part, count in (("train", train), ("test", test)):
        for name in ("ash", "elm", "oak"):
            folder = root / part / name
            folder.mkdir(parents=True)
            for number in range(count):
                height, width = (int(side) for side in rng.integers(10, 90, 2))
                pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
                image = Image.fromarray(pixels)
                if number % 4 == 1:
                    image.convert("L").save(folder / f"{number:02}.png")
                elif number % 4 == 2:
                    image.convert("P").save(folder / f"{number:02}.png")
                elif number % 4 == 3:
                    turned = Image.Exif()
                    turned[274] = 6
                    image.save(folder / f"{number:02}.jpg", exif=turned)
                else:
                    image.save(folder / f"{number:02}.jpg")
    return root
