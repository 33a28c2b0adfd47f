"""MedMNIST; oracles: the arrays that were written, and the metadata of the medmnist package."""

import csv
import hashlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from medmnist.info import INFO

from evonas.cli import main
from evonas.errors import DataError, UnknownNameError
from evonas.evaluation.data.known import DATASETS
from evonas.evaluation.data.loading import load_search_data, load_test, traits_of
from evonas.evaluation.data.place import MEDMNIST
from evonas.evaluation.data.sources.medmnist import LEFT_OUT
from tests.evaluation.data.test_downloads import served

Array = np.ndarray[Any, Any]
DOCUMENTATION = Path(__file__).parents[3] / "docs" / "data.md"


def arrays_of(name: str) -> dict[str, Array]:
    """Random images of the official number and shape, with labels as in the official files."""
    info, random = INFO[name], np.random.default_rng(0)
    channels = () if info["n_channels"] == 1 else (3,)
    found: dict[str, Array] = {}
    for part, count in info["n_samples"].items():
        images = random.integers(0, 256, (count, 28, 28, *channels))
        found[f"{part}_images"] = images.astype(np.uint8)
        found[f"{part}_labels"] = (np.arange(count) % len(info["label"])).astype(np.uint8)[:, None]
    return found


def write(folder: Path, name: str, arrays: dict[str, Array]) -> Path:
    np.savez(folder / f"{name}.npz", **arrays)  # type: ignore[arg-type]
    return folder / f"{name}.npz"


@pytest.fixture
def shortened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every set few images, as the large ones take minutes to write."""
    for name in MEDMNIST:
        monkeypatch.setitem(INFO[name], "n_samples", {"train": 22, "val": 11, "test": 12})


@pytest.mark.parametrize(
    ("name", "counts", "shape"),
    [("breastmnist", (546, 78, 156), (1, 28, 28)), ("retinamnist", (1080, 120, 400), (3, 28, 28))],
)
def test_official_parts_are_read_unchanged(
    tmp_path: Path, name: str, counts: tuple[int, ...], shape: tuple[int, ...]
) -> None:
    arrays = arrays_of(name)
    write(tmp_path, name, arrays)
    found = load_search_data(name, data_dir=tmp_path, seed=0)
    parts = {"train": found.train, "val": found.validation}
    parts["test"] = load_test(name, data_dir=tmp_path)
    assert tuple(map(len, parts.values())) == counts
    for part, images in parts.items():
        written = arrays[f"{part}_images"].reshape(-1, 28, 28, shape[0]).transpose(0, 3, 1, 2)
        assert np.array_equal(images.pixels.numpy(), written)
        assert images.labels.tolist() == arrays[f"{part}_labels"][:, 0].tolist()
    units = arrays["train_images"][:: -(-counts[0] // 1000)].reshape(-1, shape[0]) / 255
    assert found.traits.shape == shape
    assert found.traits.mean == pytest.approx(units.mean(0), abs=1e-5)
    assert found.traits.std == pytest.approx(units.std(0), abs=1e-5)


def test_exactly_the_2d_single_label_sets_are_offered() -> None:
    flat = {name for name in INFO if not name.endswith("3d")}
    single = {name for name in flat if "multi-label" not in INFO[name]["task"]}
    assert set(MEDMNIST) == single == DATASETS.keys() & INFO.keys()
    assert LEFT_OUT.keys() == INFO.keys() - single


@pytest.mark.usefixtures("shortened")
@pytest.mark.parametrize("name", MEDMNIST)
def test_traits_match_package_and_documentation(tmp_path: Path, name: str) -> None:
    arrays = arrays_of(name)
    write(tmp_path, name, arrays)
    traits = traits_of(name, data_dir=tmp_path)
    said = INFO[name]["label"]
    assert traits.name == name
    assert dict(enumerate(traits.class_names)) == {int(label): said[label] for label in said}
    assert traits.num_classes == len(said)
    assert traits.shape[0] == INFO[name]["n_channels"]
    has_sides = any("left" in each for each in said.values())  # a flip swaps left and right
    assert traits.flip is not has_sides
    mirrored = "yes" if traits.flip else "no"
    row = f"| `{name}` | {traits.crop_padding} | {mirrored} | {traits.epochs} | {traits.batch} | "
    assert f"{row}{traits.epsilon} |" in DOCUMENTATION.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", MEDMNIST)
def test_documented_image_counts_match_the_package(name: str) -> None:
    lines = DOCUMENTATION.read_text(encoding="utf-8").splitlines()
    row = next(line for line in lines if line.startswith(f"| `{name}` | 28x28"))
    counts = " / ".join(f"{count:,}" for count in INFO[name]["n_samples"].values())
    assert f"| {len(INFO[name]['label'])} | {counts} |" in row
    assert ("colour" if INFO[name]["n_channels"] == 3 else "grey") in row


@pytest.mark.usefixtures("shortened")
@pytest.mark.parametrize(
    ("part", "change", "message"),
    [
        ("images", lambda x: x[1:], r"expected 22 images \(1, 28, 28\) .* got 21 images"),
        ("labels", lambda y: y[1:], r"and 21 labels; --download replaces"),
        ("images", lambda x: x[:, :14, :14], r"images \(1, 14, 14\)"),
        ("images", lambda x: np.stack([x] * 3, -1), r"images \(3, 28, 28\)"),
        ("labels", lambda y: y + 1, "expected whole numbers from 0 to 1"),
        ("labels", lambda y: y.astype(str), "expected whole numbers from 0 to 1"),
        ("labels", lambda y: np.repeat(y, 14, axis=1), "expected one label for each image"),
    ],
)
def test_unofficial_file_is_rejected(tmp_path: Path, part: str, change: Any, message: str) -> None:
    arrays = arrays_of("breastmnist")
    arrays[f"train_{part}"] = change(arrays[f"train_{part}"])
    path = write(tmp_path, "breastmnist", arrays)
    with pytest.raises(DataError, match=message) as caught:
        load_search_data("breastmnist", data_dir=tmp_path, seed=0)
    assert f"data set 'breastmnist': {path}: train" in str(caught.value)


@pytest.mark.usefixtures("shortened")
def test_search_does_not_read_the_test_part(tmp_path: Path) -> None:
    arrays = arrays_of("breastmnist")
    del arrays["test_images"], arrays["test_labels"]
    write(tmp_path, "breastmnist", arrays)
    assert len(load_search_data("breastmnist", data_dir=tmp_path, seed=0).train) == 22
    with pytest.raises(DataError, match="not found, or incomplete"):
        load_test("breastmnist", data_dir=tmp_path)


@pytest.mark.usefixtures("shortened")
@pytest.mark.parametrize("kept", [0.0, 0.5, 0.99])
def test_truncated_file_and_pickled_objects_are_rejected(tmp_path: Path, kept: float) -> None:
    arrays = arrays_of("breastmnist")
    path = write(tmp_path, "breastmnist", arrays)
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    with pytest.raises(DataError, match=r"Pass --download, or put breastmnist\.npz of https://"):
        load_search_data("breastmnist", data_dir=tmp_path, seed=0)
    write(tmp_path, "breastmnist", arrays | {"train_images": np.array([object()] * 22)})
    with pytest.raises(DataError, match="not found, or incomplete"):
        load_search_data("breastmnist", data_dir=tmp_path, seed=0)


def test_missing_package_error_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("medmnist", "medmnist.info"):
        monkeypatch.setitem(sys.modules, module, None)
    for download in (False, True):
        with pytest.raises(DataError, match=r"pip install 'evonas\[medmnist\]'"):
            load_search_data("breastmnist", data_dir=tmp_path, download=download, seed=0)
    assert traits_of("digits").num_classes == 10  # the others need no such package


@pytest.mark.parametrize(
    ("name", "reason"), [("chestmnist", "several labels"), ("organmnist3d", "volumes")]
)
def test_left_out_sets_are_rejected_with_the_reason(
    name: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UnknownNameError, match=rf"'{name}'.*{reason}.*pathmnist, dermamnist"):
        load_search_data(name, seed=0)
    with pytest.raises(SystemExit) as left:
        main(["run", "--space", "tiny", "--dataset", name])
    assert left.value.code == 2
    assert reason in capsys.readouterr().err


def offer(monkeypatch: pytest.MonkeyPatch, address: str, content: bytes) -> None:
    """Point the package at this address, and set the md5 to that of this content."""
    monkeypatch.setitem(INFO["breastmnist"], "url", f"{address}?download=1")
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    monkeypatch.setitem(INFO["breastmnist"], "MD5", md5)


@pytest.mark.usefixtures("shortened")
def test_download_is_resumed_and_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "breastmnist", arrays_of("breastmnist"))
    content, folder = path.read_bytes(), tmp_path / "new"
    with served(content) as (address, asked):
        offer(monkeypatch, address, content)
        path.write_bytes(content[:5000])
        traits = traits_of("breastmnist", data_dir=tmp_path, download=True)
        assert asked == ["bytes=5000-"]
        assert path.read_bytes() == content
        found = load_search_data("breastmnist", data_dir=folder, download=True, seed=0)
        assert (folder / path.name).read_bytes() == content
        num_asked = len(asked)
        load_test("breastmnist", data_dir=folder, download=True)
        assert len(asked) == num_asked
    assert found.traits == traits


@pytest.mark.usefixtures("shortened")
def test_failed_or_wrong_download_reports_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    another = write(tmp_path, "another", arrays_of("breastmnist"))  # well formed, with another md5
    with served(another.read_bytes()) as (address, _):
        offer(monkeypatch, address, b"the official file")
        with pytest.raises(DataError, match=r"The download from .* failed") as caught:
            load_search_data("breastmnist", data_dir=tmp_path, download=True, seed=0)
    assert f"{address}?download=1" in str(caught.value)
    offer(monkeypatch, "file:///nowhere/at/all", b"the official file")
    with pytest.raises(DataError, match="The download from file:///nowhere/at/all") as caught:
        traits_of("breastmnist", data_dir=tmp_path / "new", download=True)
    assert "--download" not in str(caught.value)


@pytest.mark.system
def test_run_downloads_searches_and_confirms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "breastmnist", arrays_of("breastmnist"))
    data, run = tmp_path / "data", tmp_path / "run"
    with served(path.read_bytes()) as (address, _):
        offer(monkeypatch, address, path.read_bytes())
        line = (
            f"run --space tiny --dataset breastmnist --download --data-dir {data} --out {run} "
            "--objectives acc,params --rules fa --population 2 --evaluations 2 --epochs 1 "
            "--images 64 --channels 4 --cells 1 --replicates 1 --confirm 1 --workers 1 --quiet"
        )
        with pytest.raises(SystemExit) as left:
            main(line.split())
    assert not left.value.code
    with (run / "pareto.csv").open(newline="") as file:
        front = list(csv.DictReader(file))
    assert front
    for row in front:  # 78 images are validated on, 156 tested on
        assert float(row["acc"]) * 78 == pytest.approx(round(float(row["acc"]) * 78), abs=1e-3)
        tested = float(row["confirmed_acc"]) * 156
        assert tested == pytest.approx(round(tested), abs=1e-3)
