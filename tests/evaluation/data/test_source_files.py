"""Files on disk become the right tensors, and malicious files are not opened."""

import hashlib
import os
import pickle
import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from evonas.errors import DataError
from evonas.evaluation.data.folder.source import Folder
from evonas.evaluation.data.loading import load_search_data, load_test, traits_of
from evonas.evaluation.data.place import default_data_dir
from evonas.evaluation.data.sources import idx, imagenet16
from evonas.evaluation.data.sources.base import torchvision_datasets
from evonas.evaluation.data.sources.fashion_mnist import FashionMnist
from evonas.evaluation.data.sources.imagenet16 import ImageNet16120


class Bomb:
    """A pickle that writes a file when it is opened."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.fixture
def batch16(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file like the official ones: labels 1..1000, pixels in rows of 768, md5 known."""
    folder = tmp_path / "ImageNet16"
    folder.mkdir()
    pixels = np.arange(4 * 768, dtype=np.uint32).astype(np.uint8).reshape(4, 768)
    content = pickle.dumps({"data": pixels, "labels": [1, 120, 121, 1000]}, protocol=2)
    (folder / "val_data").write_bytes(content)
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    monkeypatch.setattr(imagenet16, "TEST_MD5", {"val_data": digest})
    return folder / "val_data"


def test_imagenet16_keeps_first_120_classes_as_zero_based_labels(batch16: Path) -> None:
    images = ImageNet16120().load_test(batch16.parent.parent, download=False)
    assert images.labels.tolist() == [0, 119]
    expected = torch.arange(2 * 768).view(2, 3, 16, 16) % 256
    assert images.pixels.long().equal(expected)


def test_imagenet16_is_not_unpickled_with_wrong_md5(batch16: Path) -> None:
    crater = batch16.parent / "crater"
    batch16.write_bytes(pickle.dumps(Bomb(crater)))
    with pytest.raises(DataError, match="A file with md5"):
        ImageNet16120().load_test(batch16.parent.parent, download=False)
    assert not crater.exists()


def test_imagenet16_unpickles_only_arrays_even_with_right_md5(
    batch16: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crater = batch16.parent / "crater"
    content = pickle.dumps(Bomb(crater))
    batch16.write_bytes(content)
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    monkeypatch.setattr(imagenet16, "TEST_MD5", {"val_data": digest})
    with pytest.raises(DataError, match="mkdir does not belong in a batch"):
        ImageNet16120().load_test(batch16.parent.parent, download=False)
    assert not crater.exists()


@pytest.mark.parametrize(
    ("name", "folder", "file"),
    [
        ("cifar10", "cifar-10-batches-py", "data_batch_1"),
        ("cifar100", "cifar-100-python", "train"),
    ],
)
def test_cifar_files_are_not_unpickled_with_wrong_md5(
    tmp_path: Path, name: str, folder: str, file: str
) -> None:
    (tmp_path / folder).mkdir()
    for path in (tmp_path / folder / file, tmp_path / folder / "meta"):
        path.write_bytes(pickle.dumps(Bomb(tmp_path / "crater")))
    with pytest.raises(DataError, match="not found, or incomplete"):
        load_search_data(name, data_dir=tmp_path, seed=0)
    assert not (tmp_path / "crater").exists()


CLOTHES = bytes(i % 251 for i in range(3 * 28 * 28))


def write_three_clothes(raw: Path) -> None:
    raw.mkdir(parents=True)
    (raw / "t10k-images-idx3-ubyte").write_bytes(struct.pack(">4I", 2051, 3, 28, 28) + CLOTHES)
    (raw / "t10k-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 2049, 3) + bytes([7, 0, 9]))


@pytest.mark.parametrize("folder", ["FashionMNIST/raw", "fashion_mnist/raw"])
def test_fashion_mnist_reads_idx_files_from_either_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.setattr(FashionMnist, "sizes", (0, 3))
    write_three_clothes(tmp_path / folder)
    images = FashionMnist().load_test(tmp_path, download=False)
    assert images.labels.tolist() == [7, 0, 9]
    assert images.pixels.shape == (3, 1, 28, 28)
    assert bytes(images.pixels.flatten().tolist()) == CLOTHES


@pytest.mark.parametrize("download", [True, False])
def test_fashion_mnist_is_downloaded_only_on_request_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, download: bool
) -> None:
    fetched: list[str] = []

    def fetch(root: str, *, download: bool) -> None:
        assert download
        fetched.append(root)
        write_three_clothes(Path(root) / "FashionMNIST" / "raw")

    torchvision = SimpleNamespace(FashionMNIST=fetch, mnist=torchvision_datasets().mnist)
    monkeypatch.setattr(idx, "torchvision_datasets", lambda: torchvision)
    monkeypatch.setattr(FashionMnist, "sizes", (0, 3))
    for _ in range(2):
        if download:
            assert len(FashionMnist().load_test(tmp_path, download=True)) == 3
        else:
            with pytest.raises(DataError, match="Pass --download"):
                FashionMnist().load_test(tmp_path, download=False)
    assert fetched == ([str(tmp_path)] if download else [])


@pytest.mark.parametrize("kept_bytes", [0, 10, 1000])
def test_truncated_fashion_mnist_file_is_rejected(tmp_path: Path, kept_bytes: int) -> None:
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    whole = struct.pack(">4I", 2051, 10_000, 28, 28) + bytes(2000)
    (raw / "t10k-images-idx3-ubyte").write_bytes(whole[:kept_bytes])
    (raw / "t10k-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 2049, 10_000) + bytes(10_000))
    with pytest.raises(DataError, match="incomplete"):
        FashionMnist().load_test(tmp_path, download=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of 6x8 images; the red value encodes part, class and number."""
    for base, part in ((0, "train"), (100, "test")):
        for label, name in enumerate(("apple", "pear")):
            (tmp_path / part / name).mkdir(parents=True)
            for number in range(3):
                colour = (base + 10 * label + number, 50, 255)
                image = Image.new("RGB", (8, 6), colour)
                image.save(tmp_path / part / name / f"{number}.png")
    return tmp_path


def test_folder_is_read_by_class_with_computed_moments(folder: Path) -> None:
    train = Folder().load_train(folder, download=False)
    assert train.pixels[:, 0, 0, 0].tolist() == [0, 1, 2, 10, 11, 12]
    assert train.labels.tolist() == [0, 0, 0, 1, 1, 1]
    test = load_test("folder", data_dir=folder)
    assert test.pixels[:, 0, 5, 7].tolist() == [100, 101, 102, 110, 111, 112]
    traits = traits_of("folder", data_dir=folder)
    assert (traits.num_classes, traits.shape) == (2, (3, 6, 8))
    assert traits.mean == pytest.approx((6 / 255, 50 / 255, 1.0))
    assert traits.std[0] == pytest.approx(np.std([0, 1, 2, 10, 11, 12]) / 255)
    assert traits.std[1] > 0  # the channel is constant; normalising it must stay finite


def test_non_image_file_is_rejected_by_name(folder: Path) -> None:
    (folder / "train" / "pear" / "2.png").write_text("not an image")
    with pytest.raises(DataError, match=r"pear/2\.png: cannot be read"):
        Folder().load_train(folder, download=False)


def test_test_folder_with_other_classes_is_rejected(folder: Path) -> None:
    (folder / "test" / "pear").rename(folder / "test" / "plum")
    with pytest.raises(DataError, match="only one of them has pear, plum"):
        load_test("folder", data_dir=folder)


def test_empty_class_folder_is_rejected(folder: Path) -> None:
    (folder / "train" / "quince").mkdir()
    with pytest.raises(DataError, match="quince"):
        Folder().load_train(folder, download=False)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("cifar10", "cifar-10-batches-py/test_batch"),
        ("fashion-mnist", "fashion_mnist/raw/t10k-images-idx3-ubyte"),
    ],
)
def test_official_files_give_balanced_halves_with_published_moments(name: str, path: str) -> None:
    if not (default_data_dir() / path).is_file():
        pytest.skip(f"{name} is not under EVONAS_DATA")
    found = load_search_data(name, seed=0)
    assert len(load_test(name)) == 10_000
    for images in (found.train, found.validation):
        assert len(set(images.labels.bincount().tolist())) == 1
        pixels = images.pixels.float() / 255
        assert pixels.mean((0, 2, 3)).tolist() == pytest.approx(found.traits.mean, abs=3e-3)
        assert pixels.std((0, 2, 3)).tolist() == pytest.approx(found.traits.std, abs=3e-3)
