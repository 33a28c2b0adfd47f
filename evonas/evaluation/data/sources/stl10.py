"""STL-10 (Coates, Lee and Ng 2011): labelled photographs of ten classes, 96x96."""

from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np
import torch

from evonas.evaluation.data.images import Images, Traits
from evonas.evaluation.data.sources.base import AbstractSource, torchvision_datasets
from evonas.evaluation.data.sources.downloads import finish_download, read_or_explain

_CLASSES = (
    "airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck",
)  # fmt: skip


@final
class Stl10(AbstractSource):
    """5,000 training and 8,000 test images; the 100,000 unlabelled ones are not read.

    The files are read only if their md5 is the published one, as listed in torchvision.
    """

    name: ClassVar[str] = "stl10"
    title: ClassVar[str] = "photographs of 10 classes, 96x96 colour"

    def traits(self, data_dir: Path) -> Traits:  # noqa: ARG002  (independent of the folder)
        """Fixed values; nothing is read. Moments of the training images as commonly used."""
        return Traits(
            name=self.name,
            num_classes=10,
            class_names=_CLASSES,
            shape=(3, 96, 96),
            mean=(0.4467, 0.4398, 0.4066),
            std=(0.2603, 0.2566, 0.2713),
            crop_padding=12,
        )

    def load_train(self, data_dir: Path, *, download: bool) -> Images:
        """The images of ``train_X.bin``."""
        return self._load(data_dir, part="train", download=download)

    def load_test(self, data_dir: Path, *, download: bool) -> Images:
        """The images of ``test_X.bin``."""
        return self._load(data_dir, part="test", download=download)

    def _load(self, data_dir: Path, *, part: str, download: bool) -> Images:
        reader = torchvision_datasets().STL10
        folder = data_dir / reader.base_folder
        sums = dict([*reader.train_list, *reader.test_list])

        def read() -> Images:
            files = [folder / f"{part}_{kind}.bin" for kind in "Xy"]
            if download and not all(_is_whole(path, sums) for path in files):
                data_dir.mkdir(parents=True, exist_ok=True)
                finish_download([reader.url], data_dir / reader.filename, md5=reader.tgz_md5)
                reader(str(data_dir), split=part, download=True)
            pixels, labels = (_bytes(path, sums) for path in files)
            upright = pixels.reshape(-1, 3, 96, 96).transpose(0, 1, 3, 2)  # columns come first
            return Images(
                torch.from_numpy(np.ascontiguousarray(upright)),
                torch.from_numpy(labels.astype(np.int64) - 1),  # the files count from 1
            )

        return read_or_explain(
            read,
            name=self.name,
            data_dir=data_dir,
            sought=folder,
            by_hand=f"unpack stl10_binary.tar.gz of {reader.url} there",
            addresses=[reader.url],
            download=download,
        )


def _is_whole(path: Path, sums: dict[str, str]) -> bool:
    from torchvision.datasets.utils import check_integrity

    return bool(check_integrity(str(path), sums[path.name]))


def _bytes(path: Path, sums: dict[str, str]) -> np.ndarray[Any, Any]:
    if not _is_whole(path, sums):
        raise ValueError(f"{path.name} is missing, or has another md5")
    return np.fromfile(path, dtype=np.uint8)
