"""Small images and the files that hold them, some of them written byte by byte.

Pillow cannot write 16-bit colour PNG, 12-bit and white-is-zero TIFF; these follow their
specifications.
"""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Array = np.ndarray[Any, Any]
RAMP = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
WIDE = np.array([[0, 128, 129], [256, 257, 65535]])  # 16 bits: one step of 8 bits is 257


def grey(values: Any) -> Array:
    """Repeat each value in three channels."""
    return np.repeat(np.asarray(values)[..., None], 3, axis=2)


def saved(path: Path, image: Image.Image, **options: Any) -> Path:
    image.save(path, **options)
    return path


def png(path: Path, values: Array, *, colour_type: int, bits: int, more: bytes = b"") -> Path:
    """Write a PNG chunk by chunk, as specified; ``values`` are big-endian rows."""
    height, width = values.shape[:2]

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + more + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )  # fmt: skip
    return path


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def tiff(
    path: Path, body: bytes, *, size: tuple[int, int], bits: int, photometric: int, kind: int = 1
) -> Path:
    """Write a grey little-endian TIFF of one strip; ``kind`` is its sample format."""
    entries = [
        (256, 3, 1, size[0]), (257, 3, 1, size[1]), (258, 3, 1, bits), (259, 3, 1, 1),
        (262, 3, 1, photometric), (273, 4, 1, 8), (277, 3, 1, 1), (278, 3, 1, size[1]),
        (279, 4, 1, len(body)), (339, 3, 1, kind),
    ]  # fmt: skip
    directory = struct.pack("<H", len(entries))
    for tag, field, count, value in entries:
        directory += struct.pack("<HHII", tag, field, count, value)
    padded = body + b"\0" * (len(body) % 2)
    path.write_bytes(b"II*\0" + struct.pack("<I", 8 + len(padded)) + padded + directory + bytes(4))
    return path
