"""Data sets in the idx format of MNIST (LeCun, Cortes and Burges 1998), read by torchvision."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch

from evonas.evaluation.data.images import Images
from evonas.evaluation.data.sources.base import AbstractSource, torchvision_datasets
from evonas.evaluation.data.sources.downloads import finish_download, read_or_explain


class AbstractIdx(AbstractSource):
    """Grey images of 28x28 in ``<prefix>-images-idx3-ubyte``, labels in ``-labels-idx1-ubyte``.

    Attributes:
        reader: name of the torchvision class that downloads them, and of its folder.
        folders: other folders that may contain them.
        prefixes: prefixes of the files of the training and of the test part.
        sizes: numbers of images in the two parts.
        home: web page of the publisher.
    """

    reader: ClassVar[str]
    folders: ClassVar[tuple[str, ...]] = ()
    prefixes: ClassVar[tuple[str, str]] = ("train", "t10k")
    sizes: ClassVar[tuple[int, int]]
    home: ClassVar[str]

    def load_train(self, data_dir: Path, *, download: bool) -> Images:
        """The official training images."""
        return self._load(data_dir, part=0, download=download)

    def load_test(self, data_dir: Path, *, download: bool) -> Images:
        """The official test images."""
        return self._load(data_dir, part=1, download=download)

    def _fetch(self, data_dir: Path, *, part: int) -> None:  # noqa: ARG002  (both parts come)
        reader = getattr(torchvision_datasets(), self.reader)
        for name, md5 in getattr(reader, "resources", ()):
            addresses = [f"{mirror}{name}" for mirror in reader.mirrors]
            finish_download(addresses, data_dir / self.reader / "raw" / name, md5=md5)
        reader(str(data_dir), download=True)

    def _addresses(self) -> Sequence[str]:
        reader = getattr(torchvision_datasets(), self.reader)
        return [reader.url] if hasattr(reader, "url") else list(getattr(reader, "mirrors", ()))

    def _files(self, folder: Path, part: int) -> dict[Path, int]:
        """The two files of a part, with their sizes in bytes."""
        prefix, count = self.prefixes[part], self.sizes[part]
        return {
            folder / f"{prefix}-images-idx3-ubyte": 16 + count * 28 * 28,
            folder / f"{prefix}-labels-idx1-ubyte": 8 + count,
        }

    def _is_whole(self, folder: Path, part: int) -> bool:
        files = self._files(folder, part)
        return all(path.is_file() and path.stat().st_size == size for path, size in files.items())

    def _remove_damaged(self, folder: Path) -> None:
        """Remove what an interrupted extraction left, which torchvision takes for whole files."""
        for part in (0, 1):
            for path, size in self._files(folder, part).items():
                if path.is_file() and path.stat().st_size != size:
                    path.unlink()

    def _pixels(self, read: torch.Tensor) -> torch.Tensor:
        """Convert the images in the file to upright ones."""
        return read

    def _load(self, data_dir: Path, *, part: int, download: bool) -> Images:
        own, prefix = f"{self.reader}/raw", self.prefixes[part]  # where a download goes

        def read() -> Images:
            known = (data_dir / each for each in (own, *self.folders))
            folder = next((f for f in known if self._is_whole(f, part)), None)
            if folder is None and download:
                self._remove_damaged(data_dir / own)
                self._fetch(data_dir, part=part)
            folder = folder or data_dir / own
            mnist: Any = torchvision_datasets().mnist
            pixels = mnist.read_image_file(str(folder / f"{prefix}-images-idx3-ubyte"))
            labels = mnist.read_label_file(str(folder / f"{prefix}-labels-idx1-ubyte"))
            count = self.sizes[part]
            if pixels.shape != (count, 28, 28) or labels.shape != (count,):
                raise ValueError(f"{tuple(pixels.shape)} images, {tuple(labels.shape)} labels")
            seen = self._pixels(pixels).unsqueeze(1).contiguous()
            return Images(seen, labels.to(torch.int64))

        return read_or_explain(
            read,
            name=self.name,
            data_dir=data_dir,
            sought=data_dir / own,
            by_hand=f"put the unpacked idx files ({prefix}-images-idx3-ubyte and so on) of "
            f"{self.home} there",
            addresses=self._addresses(),
            download=download,
        )
