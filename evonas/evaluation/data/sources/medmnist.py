"""MedMNIST v2 (Yang and others 2023): medical images of 28x28 pixels with one label each.

Class names, numbers of images, addresses and md5 sums are those of the package ``medmnist``, an
optional dependency: ``pip install 'evonas[medmnist]'``.
"""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, TypeVar, final

import numpy as np
import torch

from evonas.errors import DataError
from evonas.evaluation.data.images import Images, Traits
from evonas.evaluation.data.sources.arrays import labels_of, moments, opened, pixels_of
from evonas.evaluation.data.sources.base import AbstractSource, torchvision_datasets
from evonas.evaluation.data.sources.downloads import finish_download, read_or_explain

Read = TypeVar("Read")

LEFT_OUT = {"chestmnist": "its images have several labels each"} | dict.fromkeys(
    (
        "organmnist3d", "nodulemnist3d", "adrenalmnist3d", "fracturemnist3d", "vesselmnist3d",
        "synapsemnist3d",
    ),
    "its images are volumes",
)  # fmt: skip
"""Data sets of MedMNIST that are not read, with the reason."""

_SIZE = 28  # pixels; files of 64, 128 and 224 have other names


class AbstractMedMnist(AbstractSource):
    """The official parts of ``<name>.npz``.

    The md5 is checked when the file is downloaded, the number of images whenever they are read.

    Attributes:
        flip: whether a mirrored image still belongs to its class.
    """

    flip: ClassVar[bool] = True

    def traits(self, data_dir: Path) -> Traits:
        """Traits with the names that the package gives, and moments of the training images."""
        names = _class_names(self._info())
        pixels = self.load_train(data_dir, download=False).pixels
        mean, std = moments(pixels)
        return Traits(
            name=self.name,
            num_classes=len(names),
            class_names=names,
            shape=(pixels.shape[1], _SIZE, _SIZE),
            mean=mean,
            std=std,
            crop_padding=2,
            flip=self.flip,
        )

    def fetch(self, data_dir: Path) -> None:
        """Download the file, unless it is there and has the official md5."""
        self._explained(lambda: self._download(data_dir), data_dir, download=True)

    def load_train(self, data_dir: Path, *, download: bool) -> Images:
        """The official training images."""
        return self._load(data_dir, part="train", download=download)

    def load_validation(self, data_dir: Path, *, download: bool) -> Images:
        """The official validation images."""
        return self._load(data_dir, part="val", download=download)

    def load_test(self, data_dir: Path, *, download: bool) -> Images:
        """The official test images."""
        return self._load(data_dir, part="test", download=download)

    def _load(self, data_dir: Path, *, part: str, download: bool) -> Images:
        path = self._path(data_dir)

        def read() -> Images:
            if download:
                self._download(data_dir)
            with opened(path) as arrays:
                pixels, labels = (arrays[f"{part}_{kind}"] for kind in ("images", "labels"))
            where = f"data set '{self.name}': {path}: {part}"
            found = pixels_of(pixels, f"{where}_images"), labels_of(labels, f"{where}_labels")
            _check(*found, self._info(), part=part, where=where)
            return Images(found[0], torch.from_numpy(found[1].astype(np.int64)))

        return self._explained(read, data_dir, download=download)

    def _download(self, data_dir: Path) -> None:
        address, md5, path = self._info()["url"], self._info()["MD5"], self._path(data_dir)
        data_dir.mkdir(parents=True, exist_ok=True)
        finish_download([address], path, md5=md5)
        utils = torchvision_datasets().utils
        utils.download_url(address, str(data_dir), filename=path.name, md5=md5)

    def _explained(self, read: Callable[[], Read], data_dir: Path, *, download: bool) -> Read:
        address, path = self._info()["url"], self._path(data_dir)
        return read_or_explain(
            read,
            name=self.name,
            data_dir=data_dir,
            sought=path,
            by_hand=f"put {path.name} of {address} there",
            addresses=[address],
            download=download,
        )

    def _path(self, data_dir: Path) -> Path:
        return data_dir / f"{self.name}.npz"

    def _info(self) -> dict[str, Any]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that ~/.medmnist, unused here, cannot be made
                from medmnist.info import INFO
        except ImportError as problem:
            raise DataError(
                f"data set '{self.name}': the package medmnist, which describes it, cannot be "
                f"imported ({problem}); pip install 'evonas[medmnist]'"
            ) from problem
        info: dict[str, Any] = INFO[self.name]
        return info


@final
class PathMnist(AbstractMedMnist):
    """107,180 images of nine tissues, from NCT-CRC-HE-100K and CRC-VAL-HE-7K."""

    name: ClassVar[str] = "pathmnist"
    title: ClassVar[str] = "MedMNIST: colorectal tissue, 9 classes, 28x28 colour"


@final
class DermaMnist(AbstractMedMnist):
    """10,015 images of seven skin diseases, from HAM10000."""

    name: ClassVar[str] = "dermamnist"
    title: ClassVar[str] = "MedMNIST: skin lesions, 7 classes, 28x28 colour"


@final
class OctMnist(AbstractMedMnist):
    """109,309 optical coherence tomographies of the retina."""

    name: ClassVar[str] = "octmnist"
    title: ClassVar[str] = "MedMNIST: tomographies of the retina, 4 classes, 28x28 grey"


@final
class PneumoniaMnist(AbstractMedMnist):
    """5,856 chest X-rays of children."""

    name: ClassVar[str] = "pneumoniamnist"
    title: ClassVar[str] = "MedMNIST: chest X-rays with and without pneumonia, 28x28 grey"


@final
class RetinaMnist(AbstractMedMnist):
    """1,600 fundus photographs of DeepDRiD; the five grades of severity are used as classes."""

    name: ClassVar[str] = "retinamnist"
    title: ClassVar[str] = "MedMNIST: diabetic retinopathy, 5 grades, 28x28 colour"


@final
class BreastMnist(AbstractMedMnist):
    """780 ultrasound images of the breast."""

    name: ClassVar[str] = "breastmnist"
    title: ClassVar[str] = "MedMNIST: breast ultrasound, malignant or not, 28x28 grey"


@final
class BloodMnist(AbstractMedMnist):
    """17,092 images of normal blood cells."""

    name: ClassVar[str] = "bloodmnist"
    title: ClassVar[str] = "MedMNIST: blood cells, 8 classes, 28x28 colour"


@final
class TissueMnist(AbstractMedMnist):
    """236,386 images of cells of the kidney's cortex, from BBBC051."""

    name: ClassVar[str] = "tissuemnist"
    title: ClassVar[str] = "MedMNIST: kidney cells, 8 classes, 28x28 grey"


class AbstractOrganMnist(AbstractMedMnist):
    """Slices of the tomographies of LiTS; the classes tell left organs from right ones."""

    flip: ClassVar[bool] = False


@final
class OrganAMnist(AbstractOrganMnist):
    """58,830 axial slices of eleven organs."""

    name: ClassVar[str] = "organamnist"
    title: ClassVar[str] = "MedMNIST: axial slices of 11 organs, 28x28 grey"


@final
class OrganCMnist(AbstractOrganMnist):
    """23,583 coronal slices of eleven organs."""

    name: ClassVar[str] = "organcmnist"
    title: ClassVar[str] = "MedMNIST: coronal slices of 11 organs, 28x28 grey"


@final
class OrganSMnist(AbstractOrganMnist):
    """25,211 sagittal slices of eleven organs."""

    name: ClassVar[str] = "organsmnist"
    title: ClassVar[str] = "MedMNIST: sagittal slices of 11 organs, 28x28 grey"


def _class_names(info: dict[str, Any]) -> tuple[str, ...]:
    return tuple(info["label"][str(label)] for label in range(len(info["label"])))


def _check(
    pixels: torch.Tensor,
    labels: np.ndarray[Any, Any],
    info: dict[str, Any],
    *,
    part: str,
    where: str,
) -> None:
    """Refuse a part that cannot be the official one.

    Raises:
        DataError: number, size or channels of the images, or the labels, are others.
    """
    expected = (info["n_samples"][part], info["n_channels"], _SIZE, _SIZE)
    num_classes = len(info["label"])
    if tuple(pixels.shape) != expected or len(labels) != expected[0]:
        raise DataError(
            f"{where}: expected {expected[0]:,} images {expected[1:]} and as many labels, got "
            f"{len(pixels):,} images {tuple(pixels.shape[1:])} and {len(labels):,} labels; "
            f"--download replaces the file by that of {info['url']}"
        )
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= num_classes:
        raise DataError(
            f"{where}_labels: expected whole numbers from 0 to {num_classes - 1}; --download "
            f"replaces the file by that of {info['url']}"
        )
