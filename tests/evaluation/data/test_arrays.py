"""User arrays in an .npz file; oracle: the array that was written."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evonas.errors import DataError
from evonas.evaluation.data.loading import load_search_data, load_test, traits_of

Array = np.ndarray[Any, Any]
BYTES = np.random.default_rng(0).integers(0, 256, (40, 6, 8, 3)).astype(np.uint8)
LABELS = np.arange(40) % 4


def train_of(folder: Path, **arrays: Any) -> Array:
    """The training images, in the order of the file where the source keeps it."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "a.npz", **arrays)
    from evonas.evaluation.data.sources.arrays import Npz

    return Npz().load_train(folder, download=False).pixels.numpy()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (BYTES, BYTES.transpose(0, 3, 1, 2)),
        (BYTES.transpose(0, 3, 1, 2), BYTES.transpose(0, 3, 1, 2)),
        (BYTES[..., 0], BYTES[..., 0][:, None]),
        (BYTES[..., :1], BYTES[..., 0][:, None]),
        (BYTES[..., 0] > 127, np.where(BYTES[..., 0] > 127, 255, 0)[:, None]),
        (BYTES[..., 0] * np.uint16(257), BYTES[..., 0][:, None]),
        ((BYTES / 255).astype(np.float32), BYTES.transpose(0, 3, 1, 2)),
        (BYTES / 255, BYTES.transpose(0, 3, 1, 2)),
    ],
    ids=["NHWC", "NCHW", "NHW", "one channel", "bool", "16 bits", "float32", "float64"],
)
def test_every_layout_and_dtype_is_read_as_bytes_nchw(
    tmp_path: Path, written: Array, expected: Array
) -> None:
    assert np.array_equal(train_of(tmp_path, x_train=written, y_train=LABELS), expected)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (BYTES.astype(np.int32), LABELS, "nothing says which value is white"),
        (BYTES.astype(np.float32), LABELS, "expected floats from 0 to 1, got 0 to 255"),
        (BYTES[0, 0], LABELS, r"of 1 or 3 channels, got \(8, 3\)"),
        (BYTES, LABELS[:-1], "40 images of train, 39 labels"),
        (BYTES, np.eye(4)[LABELS], "expected one label for each image"),
        (BYTES, LABELS / 2, "expected one label for each image"),
    ],
)
def test_ambiguous_arrays_are_rejected(tmp_path: Path, x: Array, y: Array, message: str) -> None:
    with pytest.raises(DataError, match=message):
        train_of(tmp_path, x_train=x, y_train=y)


@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "y_train", "x_val", "y_val", "x_test", "y_test"),
        ("train_images", "train_labels", "val_images", "val_labels", "test_images", "test_labels"),
    ],
)
def test_parts_of_keras_and_medmnist_files_are_kept(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    parts = [(BYTES[i : i + 8], LABELS[i : i + 8, None]) for i in (0, 8, 16)]
    arrays = [array for part in parts for array in part]
    np.savez(tmp_path / "a.npz", **dict(zip(names, arrays, strict=True)))  # type: ignore[arg-type]
    found = load_search_data("npz", data_dir=tmp_path / "a.npz", seed=0)
    test = load_test("npz", data_dir=tmp_path)  # a folder with a single file
    for images, (pixels, labels) in zip((found.train, found.validation, test), parts, strict=True):
        assert np.array_equal(images.pixels.numpy(), pixels.transpose(0, 3, 1, 2))
        assert images.labels.tolist() == labels[:, 0].tolist()


def test_undivided_arrays_hold_out_a_fixed_fifth(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=BYTES, y=LABELS)
    test = load_test("npz", data_dir=tmp_path)
    assert test.labels.bincount().tolist() == [2, 2, 2, 2]
    for seed in range(3):
        found = load_search_data("npz", data_dir=tmp_path, seed=seed)
        parts = (found.train, found.validation, test)
        pixels = {each.numpy().tobytes() for part in parts for each in part.pixels}
        assert len(pixels) == 40 == sum(map(len, parts))


@pytest.mark.parametrize("values", [[3, 7, 10, 20], ["ant", "bee", "cat", "dog"]])
def test_classes_are_ordered_by_label_value(tmp_path: Path, values: Any) -> None:
    y = np.array(values)[LABELS]
    np.savez(tmp_path / "a.npz", x_train=BYTES, y_train=y)
    traits = traits_of("npz", data_dir=tmp_path)
    assert traits.class_names == tuple(map(str, values))
    assert traits.shape == (3, 6, 8)
    assert traits.mean == pytest.approx(BYTES.mean((0, 1, 2)) / 255, abs=1e-6)
    assert traits.std == pytest.approx(BYTES.std((0, 1, 2)) / 255, abs=1e-6)


def test_pickled_objects_are_not_loaded(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.array([object()]), y=LABELS)
    with pytest.raises(DataError, match=r"a\.npz cannot be read \(Object arrays"):
        load_test("npz", data_dir=tmp_path)
    (tmp_path / "a.npz").write_bytes(pickle.dumps([1]))
    with pytest.raises(DataError, match=r"a\.npz cannot be read"):
        load_test("npz", data_dir=tmp_path)


def test_truncated_or_damaged_file_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=BYTES, y=LABELS)
    whole = path.read_bytes()
    for content in (whole[:-9], whole[:60] + bytes(20) + whole[80:]):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"a\.npz cannot be read"):
            load_test("npz", data_dir=tmp_path)


def test_single_array_of_np_save_is_reported(tmp_path: Path) -> None:
    with (tmp_path / "a.npz").open("wb") as file:
        np.save(file, BYTES)
    with pytest.raises(DataError, match=r"a\.npz cannot be read \(one array without a name"):
        load_test("npz", data_dir=tmp_path)


@pytest.mark.parametrize("names", [["x_test"], ["y_val"], ["y_val", "x_valid"], ["test_images"]])
def test_array_without_its_partner_is_reported(tmp_path: Path, names: list[str]) -> None:
    labels = np.arange(len(BYTES)) % 2
    arrays: dict[str, Any] = {"x_train": BYTES, "y_train": labels, **dict.fromkeys(names, labels)}
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DataError, match=rf"found {', '.join(names)} without a partner"):
        load_search_data("npz", data_dir=tmp_path, seed=0)


def test_file_or_folder_without_data_set_is_rejected(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", weights=BYTES)
    with pytest.raises(
        DataError, match="expected the arrays x_train and y_train, or x and y, fou"
    ):
        load_test("npz", data_dir=tmp_path)
    np.savez(tmp_path / "b.npz", x=BYTES)
    with pytest.raises(DataError, match="2 such files are there"):
        load_test("npz", data_dir=tmp_path)
    np.savez(tmp_path / "c.npz", x_train=BYTES, y_train=LABELS)
    with pytest.raises(DataError, match="Add x_test and y_test"):
        load_test("npz", data_dir=tmp_path / "c.npz")


def test_16_bit_values_are_rounded_to_nearest_byte(tmp_path: Path) -> None:
    wide = np.array([0, 128, 129, 256, 385, 386, 65535], np.uint16).repeat(4).reshape(7, 2, 2)
    found = train_of(tmp_path, x_train=wide, y_train=np.arange(7))
    assert found[:, 0, 0, 0].tolist() == [round(value / 257) for value in wide[:, 0, 0].tolist()]
