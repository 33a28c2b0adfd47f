"""Fingerprints of images, independent of the names and locations of their files."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any, final

import numpy as np

from evonas.errors import DataError
from evonas.evaluation.data.images import Images
from evonas.evaluation.data.stored_pixels import StoredPixels

Array = np.ndarray[Any, Any]

_CHUNK = 1024  # number of images hashed at once


def fingerprint(images: Images, *, class_names: Sequence[str] = ()) -> str:
    """SHA-256 of pixels, labels and the names of the labels, in hexadecimal.

    Args:
        images: images in order, on the CPU; files that have been checked are not read again.
        class_names: names in the order of the labels; empty if they are not known.
    """
    pixels = images.pixels
    if isinstance(pixels, StoredPixels) and pixels.reader.fingerprint is not None:
        return pixels.reader.fingerprint  # found when the files were checked
    found = Fingerprint(pixels.shape, class_names=class_names)
    for part in images.chunks(_CHUNK):
        found.add(part.pixels.contiguous().numpy())
    return found.ended(images.labels.contiguous().numpy())


@final
class Fingerprint:
    """Computes :func:`fingerprint` incrementally, for images that arrive one after the other.

    Args:
        shape: (N, channels, height, width) of all images.
        class_names: names in the order of the labels; empty if they are not known.
    """

    def __init__(self, shape: Sequence[int], *, class_names: Sequence[str]) -> None:
        said = json.dumps([list(shape), list(class_names)])
        self._sha256 = hashlib.sha256(said.encode())

    def add(self, pixels: Array) -> None:
        """Add the next image, uint8 (channels, height, width), or several of them."""
        self._sha256.update(np.ascontiguousarray(pixels).data)

    def ended(self, labels: Array) -> str:
        """Finish after the last image and return the fingerprint.

        Args:
            labels: int64, (N,).
        """
        self._sha256.update(labels.data)
        return self._sha256.hexdigest()


def pixel_digest(pixels: Array) -> bytes:
    """Digest of the pixels and the shape of one image, 16 bytes."""
    found = hashlib.blake2b(repr(pixels.shape).encode(), digest_size=16)
    found.update(np.ascontiguousarray(pixels).data)
    return found.digest()


def fingerprint_of_parts(
    train: Images, validation: Images | None, *, class_names: Sequence[str] = ()
) -> str:
    """Fingerprint of all images that a search may see.

    Args:
        train: official training images.
        validation: official validation images; None if there are none.
        class_names: see :func:`fingerprint`.
    """
    digest = fingerprint(train, class_names=class_names)
    if validation is None:
        return digest
    both = digest + fingerprint(validation, class_names=class_names)
    return hashlib.sha256(both.encode()).hexdigest()


def check_fingerprint(found: str, expected: str | None, *, what: str) -> None:
    """Check that images are those expected.

    Args:
        found: fingerprint of the images.
        expected: expected fingerprint; None to accept any.
        what: description of the images, such as ``training images of 'cifar10' in data``.

    Raises:
        DataError: the fingerprints differ.
    """
    if expected is not None and found != expected:
        raise DataError(
            f"{what}: expected those with the hash {expected[:12]}, found others ({found[:12]}); "
            "restore them, or give their folder by --data-dir. To continue a run with the images "
            "found: evonas resume RUN --accept-data"
        )
