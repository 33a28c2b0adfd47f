"""What images are, whatever their files are called and wherever they lie."""

import hashlib
import json
from collections.abc import Sequence

from evonas.errors import DataError
from evonas.evaluation.data.images import Images


def fingerprint(images: Images, *, class_names: Sequence[str] = ()) -> str:
    """SHA-256 of pixels, labels and the names of the labels, in hexadecimal.

    Args:
        images: in their order, on the CPU.
        class_names: in the order of the labels; empty where they are not known.
    """
    said = json.dumps([list(images.pixels.shape), list(class_names)])
    sha256 = hashlib.sha256(said.encode())
    sha256.update(images.pixels.contiguous().numpy().data)
    sha256.update(images.labels.contiguous().numpy().data)
    return sha256.hexdigest()


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
            f"{what}: expected those with the hash {expected[:12]}, found others ({found[:12]}); "
            "put them back, or name their folder by --data-dir. To go on with these in a run that "
            "began with others: evonas resume RUN --accept-data"
        )
