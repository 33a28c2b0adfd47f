"""``evonas.predict``: classify image files with a trained network."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from evonas.errors import ConfigError, DataError
from evonas.evaluation.data.fitting import CROP, LETTERBOX, Fitting
from evonas.evaluation.data.folder.decoding import SUFFIXES, decode
from evonas.evaluation.model_file import load_described
from evonas.evaluation.ordinary_torch import ordinary_torch

BATCH = 64
GREY = (
    299,
    587,
    114,
)  # thousandths of red, green and blue: ITU-R 601-2, as Pillow's mode L has it


@dataclass(frozen=True)
class Prediction:
    """The prediction for one image.

    Attributes:
        path: path of the exported file.
        label: number of the class.
        name: name of the class; its number as text if names are unknown.
        probability: the network's probability for it, in [0, 1]; networks are often overconfident.

    Examples:
        >>> evonas.predict(next((study.folder / "models").iterdir()), [])
        []
    """

    path: Path
    label: int
    name: str
    probability: float


@ordinary_torch()
def predict(
    model: Path | str, files: Iterable[Path | str], *, fit: str = CROP
) -> list[Prediction]:
    """Classify image files with a trained network.

    Each file is decoded properly (depth, transparency, orientation), and resized to the size that
    the network was trained at.

    Args:
        model: a model file, from ``models/`` of a run or from ``evonas train``.
        files: images, or folders of images.
        fit: ``crop`` keeps the centre of an image that is not square, ``letterbox`` adds borders.

    Returns:
        One prediction for each image, in the order given; folders are read in the order of file
        names.

    Raises:
        ConfigError: there is no such fit.
        DataError: the model or an image is missing or cannot be read.
        StorageError: the model is damaged.

    Examples:
        >>> evonas.predict(next((study.folder / "models").iterdir()), [])
        []
    """
    if fit not in (CROP, LETTERBOX):
        raise ConfigError(f"fit: expected {CROP} or {LETTERBOX}, got {fit}")
    network, about = load_described(model)
    channels, height, width = about["input_shape"]
    if height != width:
        raise DataError(f"{model}: expected a network for square images, got {height}x{width}")
    names = about["class_names"] or [str(label) for label in range(about["num_classes"])]
    paths = list(_images(map(Path, files)))
    fitting = Fitting(height, fit)
    found: list[Prediction] = []
    for start in range(0, len(paths), BATCH):
        some = paths[start : start + BATCH]
        images = torch.stack([_pixels(path, fitting, channels) for path in some])
        with torch.no_grad():
            chances = network(images).softmax(1)
        best = chances.max(1)
        found += [
            Prediction(path, label, names[label], chance)
            for path, label, chance in zip(
                some, best.indices.tolist(), best.values.tolist(), strict=True
            )
        ]
    return found


def _images(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        inside = sorted(each for each in path.iterdir() if each.suffix.lower() in SUFFIXES)
        if not inside:
            raise DataError(f"{path}: expected images in the folder, found none")
        yield from inside


def _pixels(path: Path, fitting: Fitting, channels: int) -> torch.Tensor:
    """Float, (channels, size, size), in [0, 1]."""
    pixels = fitting.fitted(decode(path).pixels)
    if channels == 1:
        grey = (pixels.astype(np.uint32) @ np.array(GREY, dtype=np.uint32) + 500) // 1000
        pixels = grey.astype(np.uint8)[..., None]
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1))).float() / 255
