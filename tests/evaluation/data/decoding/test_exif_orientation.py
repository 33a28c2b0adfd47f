"""Images that a camera stored turned or mirrored; oracle: the upright image that was turned."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from evonas.evaluation.data.folder.decoding import decode, size_of
from tests.evaluation.data.decoding.written_images import (
    RAMP,
    WIDE,
    Array,
    grey,
    png,
    png_chunk,
    saved,
)

# how the camera stores the upright image: the inverse of Exif's instructions
STORED: dict[int, Callable[[Array], Array]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, -1),
}


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int, suffix: str) -> None:
    upright = np.stack([RAMP, 255 - RAMP, RAMP // 2], axis=2)
    exif = Image.Exif()
    exif[274] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](upright)))
    options: Any = {"lossless": True} if suffix == "webp" else {}
    path = saved(tmp_path / f"a.{suffix}", stored, exif=exif, **options)
    found = decode(path)
    assert np.array_equal(found.pixels, upright)
    assert found.size == size_of(path) == (4, 3)
    assert found.is_turned == (orientation > 1)


def test_rotated_jpeg_is_decoded_upright_at_any_scale(tmp_path: Path) -> None:
    upright = np.zeros((64, 32, 3), dtype=np.uint8)
    upright[:32] = 255  # white above black
    exif = Image.Exif()
    exif[274] = 6
    stored = Image.fromarray(np.ascontiguousarray(np.rot90(upright, 1)))
    path = saved(tmp_path / "a.jpg", stored, exif=exif, quality=95)
    for least_side in (None, 4):
        pixels = decode(path, least_side=least_side).pixels
        height = len(pixels)
        assert pixels.shape[0] == 2 * pixels.shape[1]
        assert pixels[: height // 2 - 1].min() > 240
        assert pixels[height // 2 + 1 :].max() < 15


def test_exif_rotation_keeps_16_bits_and_transparency(tmp_path: Path) -> None:
    exif = png_chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x03\0\0\0\0\0\0")
    clear = png_chunk(b"tRNS", struct.pack(">H", 256))
    path = png(tmp_path / "a.png", WIDE.astype(">u2"), colour_type=0, bits=16, more=exif + clear)
    expected = np.where(WIDE == 256, 255, np.round(WIDE / 257))[::-1, ::-1]
    assert np.array_equal(decode(path).pixels, grey(expected))
