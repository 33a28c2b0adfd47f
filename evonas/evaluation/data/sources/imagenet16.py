"""ImageNet16-120 (Chrabaszcz, Loshchilov and Hutter 2017; Dong and Yang 2020).

The first 120 classes of ImageNet at 16x16, from the official batch files. These are pickles, so a
file is read only if its md5 is the published one, and only by an unpickler that can build nothing
but arrays and plain values: md5 alone does not protect against a file forged to match it.
"""

import hashlib
import io
import pickle
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np
import torch

from evonas.errors import DataError
from evonas.evaluation.data.images import Images, Traits
from evonas.evaluation.data.sources.base import AbstractSource, missing

# Checksums of NAS-Bench-201's loader (D-X-Y/AutoDL-Projects, DownsampledImageNet.py).
TRAIN_MD5 = {
    "train_data_batch_1": "27846dcaa50de8e21a7d1a35f30f0e91",
    "train_data_batch_2": "c7254a054e0e795c69120a5727050e3f",
    "train_data_batch_3": "4333d3df2e5ffb114b05d2ffc19b1e87",
    "train_data_batch_4": "1620cdf193304f4a92677b695d70d10f",
    "train_data_batch_5": "348b3c2fdbb3940c4e9e834affd3b18d",
    "train_data_batch_6": "6e765307c242a1b3d7d5ef9139b48945",
    "train_data_batch_7": "564926d8cbf8fc4818ba23d2faac7564",
    "train_data_batch_8": "f4755871f718ccb653440b9dd0ebac66",
    "train_data_batch_9": "bb6dd660c38c58552125b1a92f86b5d4",
    "train_data_batch_10": "8f03f34ac4b42271a294f91bf480f29b",
}
TEST_MD5 = {"val_data": "3410e3017fdaefba8d5073aaa65e4bd6"}

_NUM_CLASSES = 120
_FOLDER = "ImageNet16"


@final
class ImageNet16120(AbstractSource):
    """151,700 training and 6,000 test images; the test part is ImageNet's validation set."""

    name: ClassVar[str] = "imagenet16-120"
    title: ClassVar[str] = "ImageNet of 120 classes, 16x16 colour"

    def traits(self, data_dir: Path) -> Traits:  # noqa: ARG002  (independent of the folder)
        """Fixed values; nothing is read."""
        return Traits(
            name=self.name,
            num_classes=_NUM_CLASSES,
            shape=(3, 16, 16),
            mean=(122.68 / 255, 116.66 / 255, 104.01 / 255),  # NAS-Bench-201
            std=(63.22 / 255, 61.26 / 255, 65.09 / 255),
            crop_padding=2,
        )

    def load_train(self, data_dir: Path, *, download: bool) -> Images:  # noqa: ARG002
        """The images of the first 120 classes in the ten training batches."""
        return self._load(data_dir / _FOLDER, TRAIN_MD5)

    def load_test(self, data_dir: Path, *, download: bool) -> Images:  # noqa: ARG002
        """The images of the first 120 classes in ``val_data``."""
        return self._load(data_dir / _FOLDER, TEST_MD5)

    def _load(self, folder: Path, sums: dict[str, str]) -> Images:
        parts = [self._batch(folder / file, md5) for file, md5 in sums.items()]
        return Images(
            torch.cat([images.pixels for images in parts]),
            torch.cat([images.labels for images in parts]),
        )

    def _batch(self, path: Path, md5: str) -> Images:
        content = path.read_bytes() if path.is_file() else b""
        if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
            raise missing(
                self.name,
                sought=path,
                remedy=f"A file with md5 {md5} is expected; it cannot be downloaded "
                "automatically. Get 'Download downsampled image data (16x16)' from "
                "https://image-net.org/download-images (an account is needed) and unpack "
                f"train_data_batch_1 to 10 and val_data into {_FOLDER}/.",
            )
        entry = _ArraysOnly(io.BytesIO(content), encoding="latin1").load()
        labels = torch.tensor(entry["labels"], dtype=torch.int64) - 1  # the files count from 1
        pixels = torch.from_numpy(np.asarray(entry["data"])).reshape(-1, 3, 16, 16)
        return Images(pixels, labels).subset((labels < _NUM_CLASSES).nonzero().squeeze(1))


def _reconstruct(subtype: type[Any], shape: tuple[int, ...], dtype: str) -> Any:
    """Replacement for NumPy's function of this name, which NumPy 2 has moved."""
    return np.ndarray.__new__(subtype, shape, dtype)


class _ArraysOnly(pickle.Unpickler):
    """Builds numbers, strings, lists, dicts and NumPy arrays, and rejects any other class."""

    _allowed: ClassVar[dict[tuple[str, str], Any]] = {
        ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
        ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("_codecs", "encode"): lambda text, encoding: text.encode(encoding),
    }

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        try:
            return self._allowed[module_name, global_name]
        except KeyError:
            raise DataError(
                f"data set 'imagenet16-120': {module_name}.{global_name} does not belong in a "
                "batch of images; the file is not the official one, although its md5 is"
            ) from None
