"""Image folders as users have them: parts and classes are found, problems are reported at once.

Oracles: one-colour images, whose colour encodes part, class and number; torchvision's ImageFolder.
"""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.datasets import ImageFolder

from evonas.errors import ConfigError, DataError
from evonas.evaluation.data import room
from evonas.evaluation.data.fingerprint import fingerprint
from evonas.evaluation.data.fitting import Fitting
from evonas.evaluation.data.folder import reading
from evonas.evaluation.data.folder.listing import layout_of
from evonas.evaluation.data.folder.source import Folder
from evonas.evaluation.data.images import Images
from evonas.evaluation.data.loading import fingerprints, load_search_data, load_test, traits_of
from evonas.evaluation.final.data import load_final_data
from evonas.settings import Settings
from evonas.study.resolve import resolve


def paint(path: Path, value: int, *, size: tuple[int, int] = (8, 8)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (value, 50, 255)).save(path)


def fill(
    root: Path, *, base: int, count: int = 4, classes: tuple[str, ...] = ("apple", "pear")
) -> None:
    for label, name in enumerate(classes):
        for number in range(count):
            paint(root / name / f"{number:02}.png", base + 20 * label + number)


def reds(images: Images | None) -> list[int]:
    assert images is not None
    return images.pixels[:, 0, 0, 0].tolist()


def settings(folder: Path, **values: object) -> Settings:
    given = {"space": "tiny", "dataset": "folder", "data_dir": str(folder), "epochs": 1}
    return Settings().with_values({**given, **values})


def test_images_and_order_match_torchvision_image_folder(tmp_path: Path) -> None:
    for base, name in enumerate(("b", "a/z", "a/b-c/y", "a/b/x", "A")):  # '-' sorts before '/'
        for number in (10, 9, 1):
            paint(tmp_path / "train" / name / f"{number}.PNG", 20 * base + number)
    paint(tmp_path / "test" / "b" / "1.png", 7)
    theirs = ImageFolder(str(tmp_path / "train"))
    pixels = torch.stack([torch.from_numpy(np.array(i)).permute(2, 0, 1) for i, _ in theirs])
    for part in ("test/a", "test/A"):
        paint(tmp_path / part / "1.png", 7)
    ours = Folder().load_train(tmp_path, download=False)
    assert layout_of(tmp_path).train.classes == tuple(theirs.classes)
    assert ours.labels.tolist() == theirs.targets
    assert fingerprint(ours) == fingerprint(Images(pixels, ours.labels))


def test_class_names_are_text_even_if_their_folders_names_are_not(tmp_path: Path) -> None:
    for name in (b"a\xfe", b"a\xff"):
        paint(tmp_path / "train" / os.fsdecode(name) / "1.png", 1)
    assert layout_of(tmp_path).train.classes == (r"a\xfe", r"a\xff")


def test_hidden_and_system_files_are_ignored(tmp_path: Path) -> None:
    fill(tmp_path / "train", base=0)
    fill(tmp_path / "test", base=100)
    for hidden in (
        ".ipynb_checkpoints/a.png",
        "__MACOSX/a.png",
        "apple/._00.png",
        "pear/.x/a.png",
    ):
        paint(tmp_path / "train" / hidden, 255)
    (tmp_path / "train" / "apple" / "notes.txt").write_text("sweet")
    train = Folder().load_train(tmp_path, download=False)
    assert reds(train) == [0, 1, 2, 3, 20, 21, 22, 23]
    assert traits_of("folder", data_dir=tmp_path).class_names == ("apple", "pear")


def test_flat_folder_holds_out_a_fixed_fifth_per_class(
    tmp_path: Path,
) -> None:
    fill(tmp_path, base=0, count=10)
    test = load_test("folder", data_dir=tmp_path)
    assert test.labels.tolist() == [0, 0, 1, 1]
    seen = set()
    for seed in range(5):
        found = load_search_data("folder", data_dir=tmp_path, seed=seed)
        both = reds(found.train) + reds(found.validation)
        assert sorted(both + reds(test)) == [*range(10), *range(20, 30)]
        assert found.train.labels.bincount().tolist() == [4, 4]
        seen.add(tuple(reds(found.train)))
    assert len(seen) > 1


@pytest.mark.parametrize("names", [("train", "val", "test"), ("Training", "valid", "Testing")])
def test_existing_validation_part_is_used_for_validation(
    tmp_path: Path, names: tuple[str, str, str]
) -> None:
    for base, name in zip((0, 100, 200), names, strict=True):
        fill(tmp_path / name, base=base)
    found = load_search_data("folder", data_dir=tmp_path, seed=3)
    assert reds(found.train) == [0, 1, 2, 3, 20, 21, 22, 23]
    assert reds(found.validation) == [100, 101, 102, 103, 120, 121, 122, 123]
    assert reds(load_test("folder", data_dir=tmp_path)) == [200, 201, 202, 203, 220, 221, 222, 223]


def test_search_fingerprint_covers_the_validation_part(tmp_path: Path) -> None:
    for base, name in ((0, "train"), (100, "val"), (200, "test")):
        fill(tmp_path / name, base=base)
    before, test = fingerprints("folder", data_dir=tmp_path)
    load_search_data("folder", data_dir=tmp_path, seed=0, sha256=before)
    paint(tmp_path / "val" / "pear" / "00.png", 255)
    after, same = fingerprints("folder", data_dir=tmp_path)
    assert (after == before, test == same) == (False, True)
    with pytest.raises(DataError, match=r"expected those with the hash .*, found others"):
        load_search_data("folder", data_dir=tmp_path, seed=0, sha256=before)


def test_final_training_can_include_the_validation_part(tmp_path: Path) -> None:
    for base, name in ((0, "train"), (100, "val"), (200, "test")):
        fill(tmp_path / name, base=base)
    found = load_final_data(
        "folder", data_dir=tmp_path, validation_share=0.25, split_seed=0, device="cpu",
        sha256=fingerprints("folder", data_dir=tmp_path, fitting=Fitting(16))[0],
        fitting=Fitting(16),
    )  # fmt: skip
    assert found.traits.shape == (3, 16, 16)
    assert found.validation is not None
    assert (len(found.train), len(found.validation)) == (12, 4)


def test_val_without_test_is_used_as_test_part(tmp_path: Path) -> None:
    fill(tmp_path / "train", base=0)
    fill(tmp_path / "val", base=100)
    assert Folder().load_validation(tmp_path, download=False) is None
    assert reds(load_test("folder", data_dir=tmp_path))[0] == 100


def test_changed_file_is_read_again(tmp_path: Path) -> None:
    fill(tmp_path, base=0)
    before = reds(Folder().load_train(tmp_path, download=False))
    first = layout_of(tmp_path).train.paths[0]
    paint(first, 99)
    assert reds(Folder().load_train(tmp_path, download=False)) == [99, *before[1:]]


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ([], "not found, or incomplete"),
        (["a.png", "b.png"], "2 images are there, outside any class folder"),
        (["test/a/1.png"], "holds test/ but no train/"),
        (["train/a/1.png", "Train/a/1.png"], "holds Train/ and train/; expected one"),
        (["wrapped/a/1.png", "wrapped/b/1.png"], r"did you mean --data-dir .*wrapped\?"),
        (["train/a/1.png", "train/b/readme.txt"], r"no image in .*train/b: put images there"),
        (["train/a/1.png", "test/b/1.png"], "only one of them has a, b"),
    ],
)
def test_invalid_folder_layouts_are_rejected(
    tmp_path: Path, paths: list[str], message: str
) -> None:
    for path in paths:
        paint(tmp_path / path, 0) if path.endswith("png") else None
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    with pytest.raises(DataError, match=message):
        Folder().load_train(tmp_path, download=False)


def test_all_bad_files_are_reported_in_one_error(tmp_path: Path) -> None:
    fill(tmp_path / "train", base=0)
    for name in ("apple/00.png", "pear/03.png"):
        (tmp_path / "train" / name).write_text("no image")
    with pytest.raises(DataError, match="2 of 8 files cannot be used") as error:
        Folder().load_train(tmp_path, download=False)
    assert "apple/00.png" in str(error.value)
    assert "pear/03.png" in str(error.value)


@pytest.mark.parametrize("storage", ["memory", "disk"])
def test_link_to_nowhere_is_a_bad_file_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, storage: str
) -> None:
    monkeypatch.setenv("EVONAS_CACHE", str(tmp_path / "cache"))
    fill(tmp_path / "train", base=0)
    (tmp_path / "train" / "pear" / "lost.png").symlink_to("nowhere.png")
    with pytest.raises(DataError, match=r"1 of 9 files cannot be used[^\0]*pear/lost\.png"):
        Folder(Fitting(storage=storage)).load_train(tmp_path, download=False)
    skipping = Folder(Fitting(storage=storage, unreadable="skip"))
    assert len(skipping.load_train(tmp_path, download=False)) == 8


def test_mixed_image_sizes_are_rejected_with_sizes_and_remedy(
    tmp_path: Path,
) -> None:
    fill(tmp_path / "train", base=0)
    paint(tmp_path / "train" / "pear" / "03.png", 0, size=(9, 6))
    with pytest.raises(
        DataError,
        match=r"8x8 \(7\), 9x6 \(1\); the first that differs is .*pear/03\.png.* --image",
    ):
        Folder().load_train(tmp_path, download=False)


def test_images_too_large_for_memory_are_rejected_before_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path / "train", base=0)
    needed = 3 * 8 * 3 * 8 * 8  # three copies of eight images in colour
    for free, fits in ((needed, True), (needed - 1, False), (None, True)):
        monkeypatch.setattr(room, "free_bytes", lambda free=free: free)
        reading._kept.cache_clear()
        if fits:
            assert len(Folder().load_train(tmp_path, download=False)) == 8
        else:
            with pytest.raises(DataError, match=r"8 images of 8x8 pixels need .* --image-size"):
                Folder().load_train(tmp_path, download=False)


def test_free_memory_is_read_from_meminfo(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:       12 kB\n")
    assert room.free_bytes(tmp_path / "meminfo") == 12 * 1024
    assert room.free_bytes(tmp_path / "nothing") is None


def test_run_rejects_single_class(tmp_path: Path) -> None:
    fill(tmp_path, base=0, classes=("apple",))
    with pytest.raises(DataError, match="expected at least two classes, found one: apple"):
        resolve(settings(tmp_path))


def test_run_rejects_class_with_one_image(tmp_path: Path) -> None:
    fill(tmp_path / "train", base=0)
    fill(tmp_path / "train", base=99, classes=("quince",), count=1)
    with pytest.raises(
        DataError, match=r"part has no image of 'quince'; each class needs at least one"
    ):
        resolve(settings(tmp_path))


def test_oversized_default_batch_is_lowered_and_given_one_rejected(
    tmp_path: Path,
) -> None:
    fill(tmp_path / "train", base=0, count=10)
    assert resolve(settings(tmp_path)).training.batch == 10  # half of 20
    with pytest.raises(
        ConfigError, match="batch: expected at most the 10 training images, got 11"
    ):
        resolve(settings(tmp_path, batch=11))


def test_run_resizes_mixed_sizes_to_image_size(tmp_path: Path) -> None:
    fill(tmp_path, base=0, count=10)
    paint(tmp_path / "pear" / "00.png", 20, size=(90, 60))
    found = resolve(settings(tmp_path, image_size=16))
    assert (found.training.image_size, found.training.image_fit) == (16, "crop")
    traits = traits_of("folder", data_dir=tmp_path, fitting=Fitting.of(found.training))
    assert (traits.shape, traits.crop_padding) == ((3, 16, 16), 2)
