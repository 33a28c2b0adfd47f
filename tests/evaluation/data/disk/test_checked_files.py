"""The check of all files before a run: each is decoded once, and again when it changes.

The oracles are the number of decoded files, and the hashes found without a cache.
"""

import shutil
from pathlib import Path

import pytest

from evonas.api.checks.data_check import check_data
from evonas.errors import DataError
from evonas.evaluation.data.fitting import Fitting
from evonas.evaluation.data.folder import reading
from evonas.evaluation.data.folder.decoding import Decoded, decode
from evonas.evaluation.data.folder.watching import decoding_progress
from evonas.evaluation.data.loading import fingerprints, load_search_data, traits_of
from tests.evaluation.data.disk.two_storages import IN_MEMORY, ON_DISK, forget, train_images
from tests.evaluation.data.image_tree import make_image_tree


@pytest.fixture
def decoded_files(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    found: list[Path] = []

    def counted(path: Path, *, least_side: int | None) -> Decoded:
        found.append(path)
        return decode(path, least_side=least_side)

    monkeypatch.setattr(reading, "decode", counted)
    return found


@pytest.mark.parametrize("fitting", [IN_MEMORY, ON_DISK], ids=["memory", "disk"])
def test_startup_checks_decode_each_file_once(
    tree: Path, decoded_files: list[Path], fitting: Fitting
) -> None:
    load_search_data("folder", data_dir=tree, seed=0, fitting=fitting)
    fingerprints("folder", data_dir=tree, fitting=fitting)
    # on disk, up to a thousand images are decoded again for mean and deviation
    assert len(decoded_files) == 36 + 12 + (36 if fitting.stays_on_disk else 0)
    decoded_files.clear()
    survey = check_data("folder", data_dir=tree, fitting=fitting)
    assert survey.counts == {"train": [12] * 3, "test": [4] * 3}
    sheet = 3 * 12
    assert len(decoded_files) == sheet


def test_cached_check_is_reused_until_a_file_changes(
    tmp_path: Path, decoded_files: list[Path]
) -> None:
    root = make_image_tree(tmp_path / "tree", train=4)
    first = fingerprints("folder", data_dir=root, fitting=ON_DISK)
    forget()
    traits_of("folder", data_dir=root, fitting=ON_DISK)  # always measures, cached or not
    decoded_files.clear()
    assert fingerprints("folder", data_dir=root, fitting=ON_DISK) == first
    assert decoded_files == []
    image = root / "train" / "ash" / "00.jpg"
    image.write_bytes((root / "train" / "oak" / "00.jpg").read_bytes())
    assert fingerprints("folder", data_dir=root, fitting=ON_DISK) != first
    assert set(decoded_files) >= set((root / "train").rglob("*.*"))


@pytest.mark.parametrize("fitting", [IN_MEMORY, ON_DISK], ids=["memory", "disk"])
@pytest.mark.parametrize("is_new_process", [False, True])
def test_file_that_becomes_readable_without_a_change_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fitting: Fitting, *, is_new_process: bool
) -> None:
    root = make_image_tree(tmp_path / "tree", train=4)
    expected = fingerprints("folder", data_dir=root, fitting=fitting)
    forget()
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)

    def refused(path: Path, *, least_side: int | None) -> Decoded:
        if path.parts[-2:] == ("elm", "01.png"):
            raise DataError(f"{path}: cannot be read (Permission denied)")
        return decode(path, least_side=least_side)

    with monkeypatch.context() as patch:
        patch.setattr(reading, "decode", refused)
        with pytest.raises(DataError, match="Permission denied"):
            train_images(root, fitting)
    if is_new_process:
        forget()
    assert fingerprints("folder", data_dir=root, fitting=fitting) == expected


def test_damaged_cached_check_is_repeated(tmp_path: Path, tree: Path) -> None:
    first = fingerprints("folder", data_dir=tree, fitting=ON_DISK)
    for path in (tmp_path / "cache" / "checked").iterdir():
        path.write_text('{"shape": [3], "bad": 7}')
    forget()
    assert fingerprints("folder", data_dir=tree, fitting=ON_DISK) == first


def test_progress_reports_every_decoded_file_once(tmp_path: Path) -> None:
    root, told = make_image_tree(tmp_path / "tree", train=4), list[tuple[int, int]]()
    with decoding_progress(lambda done, total: told.append((done, total))):
        number = len(train_images(root, ON_DISK))
    assert told[-1] == (number, number)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    heard = len(told)
    train_images(root, ON_DISK)
    assert len(told) == heard  # outside the context nothing is reported
