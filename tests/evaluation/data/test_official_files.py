"""Small files in the official formats become the right tensors; oracle: what was written."""

import gzip
import hashlib
import pickle
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import scipy.io
from torchvision import datasets

from evonas.errors import DataError
from evonas.evaluation.data.sources.base import AbstractSource
from evonas.evaluation.data.sources.cifar import Cifar10, Cifar100
from evonas.evaluation.data.sources.stl10 import Stl10
from evonas.evaluation.data.sources.svhn import Svhn
from evonas.evaluation.data.sources.written_characters import Emnist, Kmnist, Mnist

IDX = (Mnist, Kmnist, Emnist)
NOWHERE = "file:///nowhere/at/all/"


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def idx(folder: Path, prefix: str, images: np.ndarray[Any, Any], labels: list[int]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    head = struct.pack(">4I", 2051, *images.shape)
    (folder / f"{prefix}-images-idx3-ubyte").write_bytes(head + images.tobytes())
    head = struct.pack(">2I", 2049, len(labels))
    (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(head + bytes(labels))


def stripes(count: int) -> np.ndarray[Any, Any]:
    """Image i holds i + 1 in its first row, above black."""
    images = np.zeros((count, 28, 28), np.uint8)
    images[:, 0] = np.arange(1, count + 1)[:, None]
    return images


@pytest.mark.parametrize("kind", IDX)
def test_idx_characters_are_read_upright(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Mnist]
) -> None:
    monkeypatch.setattr(kind, "sizes", (3, 2))
    axes = (0, 2, 1) if kind.name == "emnist" else (0, 1, 2)  # its files store them transposed
    for prefix, count in zip(kind.prefixes, (3, 2), strict=True):
        idx(
            tmp_path / kind.reader / "raw",
            prefix,
            stripes(count).transpose(axes).copy(),
            list(range(count)),
        )
    for load, count in ((kind().load_train, 3), (kind().load_test, 2)):
        images = load(tmp_path, download=False)
        assert images.labels.tolist() == list(range(count))
        assert np.array_equal(images.pixels[:, 0].numpy(), stripes(count))


def test_emnist_classes_match_torchvision() -> None:
    theirs = datasets.EMNIST.classes_split_dict["balanced"]
    assert list(Emnist().traits(Path()).class_names) == theirs


def test_svhn_is_read_from_matlab_with_label_ten_as_zero(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3, 4)).astype(np.uint8)
    labels = np.array([[1], [10], [9], [10]], np.uint8)
    path = tmp_path / "train_32x32.mat"
    scipy.io.savemat(path, {"X": pixels, "y": labels})
    monkeypatch.setattr(datasets.SVHN, "split_list", {
        "train": ["http://there", path.name, md5(path)], "test": ["", "test.mat", ""], "extra": [],
    })  # fmt: skip
    images = Svhn().load_train(tmp_path, download=False)
    assert images.labels.tolist() == [1, 0, 9, 0]
    assert images.pixels[2, 1, 30, 5] == pixels[30, 5, 1, 2]
    assert images.pixels.shape == (4, 3, 32, 32)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match="Pass --download, or put train_32x32"):
        Svhn().load_train(tmp_path, download=False)


def test_cifar_is_read_channel_by_channel_with_fine_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each row of a batch holds the red, the green and the blue pixels, each row by row."""
    rows = np.random.default_rng(0).integers(0, 256, (5, 3072)).astype(np.uint8)
    kinds: list[tuple[Any, AbstractSource, str]] = [
        (datasets.CIFAR10, Cifar10(), "labels"), (datasets.CIFAR100, Cifar100(), "fine_labels"),
    ]  # fmt: skip
    for reader, source, labels in kinds:
        folder = tmp_path / reader.base_folder
        folder.mkdir()
        batches: dict[str, dict[str, Any]] = {
            "one": {"data": rows[:2], labels: [3, 9]}, "two": {"data": rows[2:3], labels: [0]},
            "test": {"data": rows[3:], labels: [7, 1]},
            reader.meta["filename"]: {reader.meta["key"]: [str(n) for n in range(10)]},
        }  # fmt: skip
        for name, batch in batches.items():
            coarse = {"coarse_labels": [0] * len(batch.get("data", []))}
            (folder / name).write_bytes(pickle.dumps(batch | coarse))
        sums = {name: md5(folder / name) for name in batches}
        meta = {**reader.meta, "md5": sums[reader.meta["filename"]]}
        monkeypatch.setattr(reader, "meta", meta)
        monkeypatch.setattr(reader, "train_list", [[name, sums[name]] for name in ("one", "two")])
        monkeypatch.setattr(reader, "test_list", [["test", sums["test"]]])
        train = source.load_train(tmp_path, download=False)
        test = source.load_test(tmp_path, download=False)
        assert (train.labels.tolist(), test.labels.tolist()) == ([3, 9, 0], [7, 1])
        assert np.array_equal(train.pixels.numpy(), rows[:3].reshape(3, 3, 32, 32))
        assert np.array_equal(test.pixels.numpy(), rows[3:].reshape(2, 3, 32, 32))


def test_stl10_is_read_column_major_with_one_based_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "stl10_binary"
    folder.mkdir()
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 96, 96)).astype(np.uint8)
    (folder / "test_X.bin").write_bytes(images.transpose(0, 1, 3, 2).tobytes())
    (folder / "test_y.bin").write_bytes(bytes([1, 10]))
    sums = [[name, md5(folder / name)] for name in ("test_X.bin", "test_y.bin")]
    monkeypatch.setattr(datasets.STL10, "test_list", sums)
    found = Stl10().load_test(tmp_path, download=False)
    assert found.labels.tolist() == [0, 9]
    assert np.array_equal(found.pixels.numpy(), images)
    (folder / "test_y.bin").write_bytes(bytes([1, 9]))
    with pytest.raises(DataError, match=r"Pass --download, or unpack stl10_binary\.tar\.gz"):
        Stl10().load_test(tmp_path, download=False)

    def download(_: datasets.STL10) -> None:
        (folder / "test_y.bin").write_bytes(bytes([1, 10]))

    monkeypatch.setattr(datasets.STL10, "train_list", [])
    monkeypatch.setattr(datasets.STL10, "download", download)
    assert Stl10().load_test(tmp_path, download=True).labels.tolist() == [0, 9]


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve this folder locally; yield the address."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for MNIST, which a local server offers with three and two images."""
    shelf = tmp_path / "shelf"
    idx(shelf, "train", stripes(3), [0, 1, 2])
    idx(shelf, "t10k", stripes(2), [0, 1])
    resources = []
    for path in sorted(shelf.iterdir()):
        packed = path.with_name(f"{path.name}.gz")
        packed.write_bytes(gzip.compress(path.read_bytes()))
        resources.append((packed.name, md5(packed)))
    monkeypatch.setattr(datasets.MNIST, "resources", resources)
    monkeypatch.setattr(Mnist, "sizes", (3, 2))
    with served(shelf) as address:
        monkeypatch.setattr(datasets.MNIST, "mirrors", [address])
        yield tmp_path / "data"


def test_download_is_unpacked_after_its_md5_matches(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = Mnist().load_train(data, download=True)
    assert np.array_equal(images.pixels[:, 0].numpy(), stripes(3))
    monkeypatch.setattr(datasets.MNIST, "mirrors", [NOWHERE])
    assert len(Mnist().load_test(data, download=True)) == 2  # no second download


@pytest.mark.parametrize(
    ("file", "kept_bytes"),
    [("t10k-labels-idx1", 0), ("t10k-images-idx3", 99), ("train-images-idx3", 99)],
)
def test_interrupted_unpacking_is_repeated(data: Path, file: str, kept_bytes: int) -> None:
    Mnist().load_train(data, download=True)
    path = data / "MNIST" / "raw" / f"{file}-ubyte"
    path.write_bytes(path.read_bytes()[:kept_bytes])
    path.with_name("t10k-labels-idx1-ubyte").unlink()  # not yet unpacked
    with pytest.raises(DataError, match="Pass --download"):
        Mnist().load_test(data, download=False)
    assert np.array_equal(Mnist().load_test(data, download=True).pixels[:, 0], stripes(2))
    assert len(Mnist().load_train(data, download=False)) == 3


@pytest.mark.parametrize("source", [Mnist(), Emnist(), Svhn(), Stl10(), Cifar10()])
def test_failed_download_reports_address_without_suggesting_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: AbstractSource
) -> None:
    monkeypatch.setattr(datasets.MNIST, "mirrors", [NOWHERE])
    for kind in (datasets.EMNIST, datasets.STL10, datasets.CIFAR10):
        monkeypatch.setattr(kind, "url", f"{NOWHERE}a.tar.gz")
    lists = {part: [f"{NOWHERE}a.mat", "a.mat", "0"] for part in ("train", "test", "extra")}
    monkeypatch.setattr(datasets.SVHN, "split_list", lists)
    with pytest.raises(DataError) as caught:
        source.load_train(tmp_path / "new", download=True)
    text = str(caught.value)
    assert "The download from " in text
    assert NOWHERE in text
    assert "--download" not in text


def test_unequal_image_and_label_counts_are_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Mnist, "sizes", (3, 2))
    idx(tmp_path / "mnist" / "raw", "train", stripes(3), [0, 1])
    with pytest.raises(DataError, match="not found, or incomplete"):
        Mnist().load_train(tmp_path, download=False)
