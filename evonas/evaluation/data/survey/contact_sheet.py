"""Draw a contact sheet of what the network will see: a row of images per class."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

COLUMNS, ROWS = 10, 20
"""Maximum number of images per class, and of classes."""

_MIN_SIDE = 48  # pixels; smaller images are enlarged by a whole factor
_GAP, _CAPTION = 4, 14  # pixels
_PAPER, _INK = (255, 255, 255), (0, 0, 0)

Array = np.ndarray[Any, Any]


def write_sheet(path: Path, rows: Sequence[tuple[str, Sequence[Array]]]) -> None:
    """Draw the first images of the first classes; small images are enlarged.

    Args:
        path: path of the picture, written as PNG.
        rows: name of each class and its images, uint8 (height, width, channels), all of one size;
            the first ``COLUMNS`` images of the first ``ROWS`` classes are drawn.

    Raises:
        OSError: it cannot be written.
    """
    rows = [(name, images[:COLUMNS]) for name, images in rows[:ROWS] if len(images)]
    height, width, _ = rows[0][1][0].shape
    zoom = max(1, -(-_MIN_SIDE // max(height, width)))
    high, wide = height * zoom, width * zoom
    columns = max(len(images) for _, images in rows)
    row_height = _CAPTION + high + _GAP
    sheet = Image.new("RGB", (_GAP + columns * (wide + _GAP), len(rows) * row_height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, (name, images) in enumerate(rows):
        top = number * row_height
        draw.text((_GAP, top), name, fill=_INK)
        for column, pixels in enumerate(images):
            picture = Image.fromarray(_colour(pixels)).resize(
                (wide, high), Image.Resampling.NEAREST
            )
            sheet.paste(picture, (_GAP + column * (wide + _GAP), top + _CAPTION))
    sheet.save(path, format="PNG")  # whatever the suffix of the path


def _colour(pixels: Array) -> Array:
    """Convert to three channels, by repeating the first channel unless there are three."""
    return pixels if pixels.shape[2] == 3 else np.repeat(pixels[..., :1], 3, axis=2)
