"""Decode one image file to 8-bit RGB pixels, or raise an error that says why it cannot be used.

Pillow decodes the file. This module does what Pillow leaves to its caller: it scales depths other
than 8 bits to 8, composes transparency on white, and applies the orientation written by a camera.
Values whose range the file does not state (signed and 32-bit integers, floats outside [0, 1]) are
rejected.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
from PIL import Image, ImageOps

from evonas.errors import DataError

BACKGROUND = 255
"""Value of each channel behind transparent pixels: white, as on a page."""

SUFFIXES = (
    ".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp", ".gif", ".pbm",
    ".pnm", ".jp2",
)  # fmt: skip
"""Suffixes of files that are taken for images, in lower case."""

_REDUCTION_GAP = 3  # a JPEG is decoded at no less than this many times the required side
_ORIENTATION, _BITS_PER_SAMPLE, _PHOTOMETRIC = 274, 258, 262  # tags of Exif and TIFF
_SIDEWAYS = (5, 6, 7, 8)  # orientations that exchange width and height
_WHITE_IS_ZERO = 0

Array = np.ndarray[Any, Any]


@final
@dataclass(frozen=True)
class Decoded:
    """One decoded image.

    Attributes:
        pixels: uint8, (height, width, 3), upright; a large JPEG may have been reduced.
        size: (width, height) of the image in the file, upright.
        mode: Pillow's mode of the image in the file, such as ``RGB``, ``P`` or ``I;16``.
        num_frames: number of images in the file, of which the first is used.
        is_turned: whether the file's orientation tag asks for a rotation or a mirroring.
    """

    pixels: Array
    size: tuple[int, int]
    mode: str
    num_frames: int
    is_turned: bool


def decode(path: Path, *, least_side: int | None = None) -> Decoded:
    """Decode the image in ``path``, or the first one of an animation or a multi-page file.

    Args:
        path: path of the file.
        least_side: required length of the shorter side in pixels. A much larger JPEG is reduced
            while it is decoded, to no less than three times this length; None never reduces.

    Raises:
        DataError: the file cannot be read, or does not state what its values mean.
    """
    try:
        with Image.open(path) as image:
            return _decoded(image, least_side)
    except DataError as problem:
        raise DataError(f"{path}: {problem}") from problem
    except Image.DecompressionBombError as problem:
        raise DataError(f"{path}: too many pixels to be a photograph ({problem})") from problem
    except Exception as problem:  # Pillow raises OSError, SyntaxError, struct.error and others
        said = str(problem).replace(f" {str(path)!r}", "") or type(problem).__name__
        raise DataError(f"{path}: cannot be read ({said})") from problem


def size_of(path: Path) -> tuple[int, int]:
    """Read (width, height) of an image, upright, from the header of its file.

    Raises:
        DataError: the file is no readable image.
    """
    try:
        with Image.open(path) as image:
            return _upright_size(image)
    except Exception as problem:
        raise DataError(f"{path}: cannot be read ({problem})") from problem


def _decoded(image: Image.Image, least_side: int | None) -> Decoded:
    orientation = image.getexif().get(_ORIENTATION, 1)
    size, mode, num_frames = _upright_size(image), image.mode, _num_frames(image)
    if least_side is not None and image.format in ("JPEG", "MPO") and mode in ("L", "RGB"):
        side = _REDUCTION_GAP * least_side
        scale = side / min(image.size)
        if scale < 1:  # draft() reduces to no less than this size
            width, height = image.size
            image.draft(mode, (max(side, int(width * scale)), max(side, int(height * scale))))
    image.load()  # Pillow applies the orientation of a TIFF here
    if image.format != "TIFF":
        image = _turned(image)
    return Decoded(
        _rgb(image),
        size=size,
        mode=mode,
        num_frames=num_frames,
        is_turned=orientation in range(2, 9),
    )


def _turned(image: Image.Image) -> Image.Image:
    turned = ImageOps.exif_transpose(image)
    turned.format = image.format
    return turned


def _upright_size(image: Image.Image) -> tuple[int, int]:
    width, height = image.size
    # Pillow applies the orientation of a TIFF itself, and reports the final size
    is_sideways = image.getexif().get(_ORIENTATION) in _SIDEWAYS and image.format != "TIFF"
    return (height, width) if is_sideways else (width, height)


def _num_frames(image: Image.Image) -> int:
    if image.format == "MPO":  # a phone's photograph; the other images are previews
        return 1
    try:
        return int(getattr(image, "n_frames", 1))
    except Exception:  # a later frame is damaged, but only the first is used
        return 1


def _rgb(image: Image.Image) -> Array:
    """Convert the pixels to uint8, (height, width, 3)."""
    if image.mode.startswith("I;16"):
        return _from_integers(image, top=2 ** _bits(image) - 1)
    if image.mode == "I":
        if image.format not in ("PNG", "PPM"):  # their 16-bit images, which Pillow widens to 32
            raise DataError(
                "its pixels are signed or 32-bit integers, whose black and white are not stated; "
                "save it with 8 or 16 bits"
            )
        return _from_integers(image, top=65535)
    if image.mode == "F":
        return _from_floats(image)
    if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        return _composed(np.asarray(image.convert("RGBA")))
    return np.array(image.convert("RGB"))


def _from_integers(image: Image.Image, *, top: int) -> Array:
    """Scale grey values from 0..``top`` to 0..255, rounded."""
    values = np.asarray(image).astype(np.int64)
    grey = (values * 255 + top // 2) // top
    if image.format == "TIFF" and _tag(image, _PHOTOMETRIC) == _WHITE_IS_ZERO:
        grey = 255 - grey  # Pillow inverts such images with 8 bits, but not with 16
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        grey = np.where(values == clear, BACKGROUND, grey)
    return _grey(grey)


def _from_floats(image: Image.Image) -> Array:
    values = np.asarray(image)
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
        raise DataError(
            f"its pixels are floats from {values.min():g} to {values.max():g}; expected 0 for "
            "black to 1 for white: scale them, or save it with 8 or 16 bits"
        )
    grey = np.floor(values.astype(np.float64) * 255 + 0.5)
    if _tag(image, _PHOTOMETRIC) == _WHITE_IS_ZERO:
        grey = 255 - grey
    return _grey(grey)


def _composed(rgba: Array) -> Array:
    """Blend colours with the background by their alpha, rounded."""
    colour, alpha = rgba[..., :3].astype(np.int64), rgba[..., 3:].astype(np.int64)
    mixed: Array = (colour * alpha + BACKGROUND * (255 - alpha) + 127) // 255
    return mixed.astype(np.uint8)


def _grey(values: Array) -> Array:
    return np.repeat(values.astype(np.uint8)[..., None], 3, axis=2)


def _bits(image: Image.Image) -> int:
    """Bits per sample: 12 in some TIFFs that Pillow treats as 16-bit."""
    said = _tag(image, _BITS_PER_SAMPLE)
    return int(said[0]) if isinstance(said, tuple) and said else 16


def _tag(image: Image.Image, number: int) -> Any:
    """The value of a TIFF tag; None for other files."""
    tags = getattr(image, "tag_v2", None)
    return None if tags is None else tags.get(number)
