"""Decoding of every pixel format; the oracle is pixels written by hand or computed from values."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from evonas.errors import DataError
from evonas.evaluation.data.folder.decoding import decode
from tests.evaluation.data.decoding.written_images import (
    RAMP,
    WIDE,
    grey,
    png,
    png_chunk,
    saved,
    tiff,
)


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "webp", "gif", "pgm"])
def test_grey_value_is_repeated_in_each_channel(tmp_path: Path, suffix: str) -> None:
    options: Any = {"lossless": True} if suffix == "webp" else {}
    path = saved(tmp_path / f"a.{suffix}", Image.fromarray(RAMP), **options)
    assert np.array_equal(decode(path).pixels, grey(RAMP))


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "webp", "ppm"])
def test_colour_is_unchanged(tmp_path: Path, suffix: str) -> None:
    colour = np.stack([RAMP, 255 - RAMP, RAMP // 2], axis=2)
    options: Any = {"lossless": True} if suffix == "webp" else {}
    path = saved(tmp_path / f"a.{suffix}", Image.fromarray(colour), **options)
    assert np.array_equal(decode(path).pixels, colour)


@pytest.mark.parametrize("suffix", ["png", "tif", "pbm"])
def test_one_bit_pixels_become_black_and_white(tmp_path: Path, suffix: str) -> None:
    bits = np.array([[True, False, True], [False, False, True]])
    path = saved(tmp_path / f"a.{suffix}", Image.fromarray(bits))
    assert np.array_equal(decode(path).pixels, grey(np.where(bits, 255, 0)))


def test_4_bit_grey_is_scaled_to_8_bits(tmp_path: Path) -> None:
    packed = np.array([[0x0F, 0x51]], dtype=np.uint8)  # 0, 15, 5, 1
    path = png(tmp_path / "a.png", packed, colour_type=0, bits=4)
    data = path.read_bytes()  # four pixels of half a byte
    head = struct.pack(">IIBBBBB", 4, 1, 4, 0, 0, 0, 0)
    path.write_bytes(data[:8] + png_chunk(b"IHDR", head) + data[33:])
    assert decode(path).pixels[0, :, 0].tolist() == [0, 255, 85, 17]


def test_palette_colours_are_looked_up(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1], [2, 1]], dtype=np.uint8), mode="P")
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    expected = [[[10, 20, 30], [40, 50, 60]], [[70, 80, 90], [40, 50, 60]]]
    for suffix in ("png", "gif", "bmp", "tif"):
        assert decode(saved(tmp_path / f"a.{suffix}", image)).pixels.tolist() == expected
        assert decode(tmp_path / f"a.{suffix}").mode == "P"


def test_transparent_palette_colour_becomes_white(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1]], dtype=np.uint8), mode="P")
    image.putpalette([10, 20, 30, 40, 50, 60])
    for suffix in ("png", "gif"):
        path = saved(tmp_path / f"a.{suffix}", image, transparency=1)
        assert decode(path).pixels.tolist() == [[[10, 20, 30], [255, 255, 255]]]


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
def test_alpha_is_composed_on_white(tmp_path: Path, suffix: str) -> None:
    rgba = np.array([[[100, 0, 200, 0], [100, 0, 200, 255], [100, 0, 200, 51]]], dtype=np.uint8)
    options: Any = {"lossless": True, "exact": True} if suffix == "webp" else {}
    path = saved(tmp_path / f"a.{suffix}", Image.fromarray(rgba), **options)
    fifth = [round(0.2 * value + 0.8 * 255) for value in (100, 0, 200)]
    assert decode(path).pixels.tolist() == [[[255, 255, 255], [100, 0, 200], fifth]]


def test_grey_with_alpha_is_composed_on_white(tmp_path: Path) -> None:
    values = np.array([[[100, 0], [100, 255], [100, 51]]], dtype=np.uint8)
    path = saved(tmp_path / "a.png", Image.fromarray(values, mode="LA"))
    assert decode(path).pixels[..., 0].tolist() == [[255, 100, 224]]


@pytest.mark.parametrize(("colour_type", "clear"), [(0, (7,)), (2, (7, 8, 9))])
def test_transparent_colour_of_png_becomes_white(
    tmp_path: Path, colour_type: int, clear: tuple[int, ...]
) -> None:
    pixels = np.array([[clear, tuple(50 + each for each in clear)]], dtype=np.uint8)
    chunk = png_chunk(b"tRNS", struct.pack(f">{len(clear)}H", *clear))
    path = png(tmp_path / "a.png", pixels, colour_type=colour_type, bits=8, more=chunk)
    found = decode(path).pixels
    assert found[0, 0].tolist() == [255, 255, 255]
    assert found[0, 1].tolist() == np.broadcast_to(pixels[0, 1], 3).tolist()


def test_16_bit_grey_is_scaled_to_8_bits(tmp_path: Path) -> None:
    expected = grey(np.round(WIDE / 257))
    path = png(tmp_path / "a.png", WIDE.astype(">u2"), colour_type=0, bits=16)
    assert np.array_equal(decode(path).pixels, expected)
    for suffix in ("tif", "pgm"):
        path = saved(tmp_path / f"a.{suffix}", Image.fromarray(WIDE.astype(np.uint16)))
        assert np.array_equal(decode(path).pixels, expected)
    big_endian = Image.frombytes("I;16B", (3, 2), WIDE.astype(">u2").tobytes())
    assert np.array_equal(decode(saved(tmp_path / "b.tif", big_endian)).pixels, expected)


def test_transparent_16_bit_grey_becomes_white(tmp_path: Path) -> None:
    chunk = png_chunk(b"tRNS", struct.pack(">H", 256))
    path = png(tmp_path / "a.png", WIDE.astype(">u2"), colour_type=0, bits=16, more=chunk)
    expected = np.where(WIDE == 256, 255, np.round(WIDE / 257))
    assert np.array_equal(decode(path).pixels, grey(expected))


def test_16_bit_colour_keeps_the_high_bytes(tmp_path: Path) -> None:
    values = np.array([[[0, 256, 65535], [511, 32768, 12345]]])
    path = png(tmp_path / "a.png", values.astype(">u2"), colour_type=2, bits=16)
    assert np.array_equal(decode(path).pixels, values >> 8)


def test_12_bit_grey_is_scaled_to_8_bits(tmp_path: Path) -> None:
    packed = bytes([0x00, 0x0F, 0xFF, 0x80, 0x01, 0x00])  # 000 FFF 800 100
    path = tiff(tmp_path / "a.tif", packed, size=(4, 1), bits=12, photometric=1)
    expected = [round(value * 255 / 4095) for value in (0, 4095, 2048, 256)]
    assert decode(path).pixels[0, :, 0].tolist() == expected


@pytest.mark.parametrize(("bits", "dtype"), [(8, np.uint8), (16, "<u2")])
def test_white_is_zero_tiff_is_inverted(tmp_path: Path, bits: int, dtype: Any) -> None:
    top = 2**bits - 1
    body = np.array([0, top, top // 5]).astype(dtype).tobytes()
    path = tiff(tmp_path / "a.tif", body, size=(3, 1), bits=bits, photometric=0)
    assert decode(path).pixels[0, :, 0].tolist() == [255, 0, 204]


def test_floats_between_0_and_1_are_scaled(tmp_path: Path) -> None:
    values = np.array([[0.0, 0.25, 1.0], [0.5, 0.001, 0.999]], dtype=np.float32)
    path = saved(tmp_path / "a.tif", Image.fromarray(values))
    expected = [[0, 64, 255], [128, 0, 255]]  # 63.75, 127.5, 0.255, 254.745
    assert np.array_equal(decode(path).pixels, grey(expected))


@pytest.mark.parametrize("values", [[0.0, 255.0], [-0.1, 1.0], [0.0, np.nan]])
def test_floats_outside_0_and_1_are_rejected(tmp_path: Path, values: list[float]) -> None:
    path = saved(tmp_path / "a.tif", Image.fromarray(np.array([values], dtype=np.float32)))
    with pytest.raises(DataError, match=r"a\.tif: its pixels are floats from .* expected 0 for"):
        decode(path)


def test_integers_without_known_range_are_rejected(tmp_path: Path) -> None:
    wide = saved(tmp_path / "wide.tif", Image.fromarray(np.array([[0, 70000]], dtype=np.int32)))
    body = np.array([-5, 5], dtype="<i2").tobytes()
    signed = tiff(tmp_path / "signed.tif", body, size=(2, 1), bits=16, photometric=1, kind=2)
    for path in (wide, signed):
        with pytest.raises(DataError, match="signed or 32-bit integers, whose black and white"):
            decode(path)


def test_cmyk_is_converted_as_ink_on_white(tmp_path: Path) -> None:
    inks = np.array([[[0, 0, 0, 0], [255, 0, 0, 0], [0, 0, 0, 255], [0, 102, 51, 0]]], np.uint8)
    path = saved(tmp_path / "a.tif", Image.fromarray(inks, mode="CMYK"))
    expected = [[[255, 255, 255], [0, 255, 255], [0, 0, 0], [255, 153, 204]]]
    assert decode(path).pixels.tolist() == expected
    flat = Image.new("CMYK", (16, 16), (0, 102, 51, 0))  # Adobe's JPEG holds inks inverted
    jpeg = decode(saved(tmp_path / "a.jpg", flat, quality=100)).pixels
    assert np.abs(jpeg.astype(int) - [255, 153, 204]).max() <= 2


@pytest.mark.parametrize("suffix", ["gif", "png", "webp", "tif"])
def test_first_frame_is_decoded_and_all_are_counted(tmp_path: Path, suffix: str) -> None:
    frames = [Image.fromarray(np.full((3, 4, 3), value, np.uint8)) for value in (40, 90, 200)]
    options: Any = {"lossless": True} if suffix == "webp" else {}
    path = tmp_path / f"a.{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:], **options)
    found = decode(path)
    assert (found.pixels == 40).all()
    assert found.num_frames == 3


def test_large_jpeg_is_reduced_to_at_least_triple_size(
    tmp_path: Path,
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    large = Image.fromarray(noise).resize((1200, 800), Image.Resampling.BICUBIC)
    path = saved(tmp_path / "a.jpg", large, quality=95)
    whole, reduced = decode(path), decode(path, least_side=48)
    assert whole.pixels.shape == (800, 1200, 3)
    assert 3 * 48 <= min(reduced.pixels.shape[:2]) < 800
    assert reduced.size == whole.size == (1200, 800)
    sides = (48, 32)
    small = [
        np.asarray(Image.fromarray(each.pixels).resize(sides, Image.Resampling.BILINEAR))
        for each in (whole, reduced)
    ]
    assert np.abs(small[0].astype(int) - small[1]).mean() < 2
