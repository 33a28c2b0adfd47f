"""What images are, whatever their files are called and wherever they lie."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any, final

import numpy as np

from evonas.errors import DataError
from evonas.evaluation.data.images import Images
from evonas.evaluation.data.stored_pixels import StoredPixels

Array = np.ndarray[Any, Any]

_CHUNK = 1024  # images hashed at once


def fingerprint(images: Images, *, class_names: Sequence[str] = ()) -> str:
    """SHA-256 of pixels, labels and the names of the labels, in hexadecimal.

    Args:
        images: in their order, on the CPU; of files that were checked nothing is read again.
        class_names: in the order of the labels; empty where they are not known.
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
    """The same of images that come one after the other.

    Args:
        shape: shape of all of them: (N, channels, height, width).
        class_names: in the order of the labels; empty where they are not known.
    """

    def __init__(self, shape: Sequence[int], *, class_names: Sequence[str]) -> None:
        said = json.dumps([list(shape), list(class_names)])
        self._sha256 = hashlib.sha256(said.encode())

    def add(self, pixels: Array) -> None:
        """The next images: uint8, (channels, height, width), or several of these."""
        self._sha256.update(np.ascontiguousarray(pixels).data)

    def ended(self, labels: Array) -> str:
        """After the last image.

        Args:
            labels: int64, (N,).
        """
        self._sha256.update(labels.data)
        return self._sha256.hexdigest()


def pixel_digest(pixels: Array) -> bytes:
    """Of the pixels and the shape of one image, 16 bytes."""
    found = hashlib.blake2b(repr(pixels.shape).encode(), digest_size=16)
    found.update(np.ascontiguousarray(pixels).data)
    return found.digest()


def fingerprint_of_parts(
    train: Images, validation: Images | None, *, class_names: Sequence[str] = ()
) -> str:
    """Of all images that a search may see: of the training images, or of them and their partners.

    Args:
        train: the official training images.
        validation: the official validation images, where there are any.
        class_names: see :func:`fingerprint`.
    """
    digest = fingerprint(train, class_names=class_names)
    if validation is None:
        return digest
    both = digest + fingerprint(validation, class_names=class_names)
    return hashlib.sha256(both.encode()).hexdigest()


def check_fingerprint(found: str, expected: str | None, *, what: str) -> None:
    """Refuse images that are not those that are expected.

    Args:
        found: their fingerprint.
        expected: that they must have; None for any.
        what: they are, such as ``training images of 'cifar10' in data``.

    Raises:
        DataError: they are others.
    """
    if expected is not None and found != expected:
        raise DataError(
            f"{what}: expected hash {expected[:12]}, got {found[:12]}; restore the images, or "
            f"name their folder with --data-dir. To continue a run with these images instead: "
            f"evonas resume RUN --accept-data"
        )
