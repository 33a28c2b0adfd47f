"""ImageNet in its usual layouts; oracle: the class that each file was given."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import savemat

from evonas.api.checks.data_check import check_data
from evonas.errors import DataError
from evonas.evaluation.data.fitting import DISK, Fitting
from evonas.evaluation.data.folder.imagenet import ImageNet
from evonas.evaluation.data.loading import load_search_data, load_test, traits_of
from evonas.evaluation.data.split import share_of

WNIDS = ("n01440764", "n01443537", "n01484850")
COLOURS = dict(zip(WNIDS, (30, 110, 220), strict=True))
VALIDATION = [WNIDS[number] for number in (2, 0, 1, 1, 0, 2)]  # of the images 1 to 6


def paint(path: Path, value: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 30), (value, value, value)).save(path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """26 training images of each class, and the six official validation images, flat."""
    for wnid, value in COLOURS.items():
        for number in range(26):
            paint(tmp_path / "train" / wnid / f"{wnid}_{number}.JPEG", value)
    for number, wnid in enumerate(VALIDATION, start=1):
        paint(tmp_path / "val" / f"ILSVRC2012_val_{number:08}.JPEG", COLOURS[wnid])
    return tmp_path


def write_devkit(root: Path) -> None:
    """Write a devkit whose class numbers do not follow the order of names: 1 is the last class."""
    folder = root / "ILSVRC2012_devkit_t12" / "data"
    folder.mkdir(parents=True)
    form = [("ILSVRC2012_ID", "O"), ("WNID", "O"), ("words", "O")]
    rows = [(number, wnid, "fish") for number, wnid in enumerate(reversed(WNIDS), start=1)]
    rows.append((1001, "n00001740", "entity"))  # a node above the classes
    savemat(folder / "meta.mat", {"synsets": np.array(rows, dtype=form)})
    numbers = [3 - WNIDS.index(wnid) for wnid in VALIDATION]
    text = "".join(f"{number}\n" for number in numbers)
    (folder / "ILSVRC2012_validation_ground_truth.txt").write_text(text)


def write_solution(root: Path) -> None:
    lines = [
        f"ILSVRC2012_val_{number:08},{wnid} 1 2 30 40 \n"
        for number, wnid in enumerate(VALIDATION, start=1)
    ]
    (root / "LOC_val_solution.csv").write_text("ImageId,PredictionString\n" + "".join(lines))


def into_folders(root: Path) -> None:
    for number, wnid in enumerate(VALIDATION, start=1):
        path = root / "val" / f"ILSVRC2012_val_{number:08}.JPEG"
        path.with_name(wnid).mkdir(exist_ok=True)
        path.rename(path.with_name(wnid) / path.name)


def colours(pixels: torch.Tensor) -> list[int]:
    """The nearest of the three colours, for each image."""
    known = torch.tensor(list(COLOURS.values()))
    means = pixels.float().mean((1, 2, 3))
    return [int(index) for index in (means[:, None] - known).abs().argmin(1)]


@pytest.mark.parametrize("say", [write_devkit, write_solution, into_folders])
@pytest.mark.parametrize("storage", ["memory", DISK])
def test_validation_labels_are_read_from_every_label_source(
    root: Path, say: object, storage: str
) -> None:
    assert callable(say)
    say(root)
    test = load_test("imagenet", data_dir=root, fitting=Fitting(8, storage=storage))
    assert sorted(test.labels.tolist()) == [0, 0, 1, 1, 2, 2]
    assert colours(test.pixels) == test.labels.tolist()


def test_training_images_are_split_in_the_official_proportion(root: Path) -> None:
    write_devkit(root)
    data = load_search_data("imagenet", data_dir=root, seed=0, fitting=Fitting(8))
    held_out = share_of(78, 0.04)
    assert (len(data.train), len(data.validation)) == (78 - held_out, held_out)
    assert colours(data.train.pixels) == data.train.labels.tolist()
    assert data.traits.class_names == WNIDS


def test_image_size_defaults_to_224(root: Path) -> None:
    assert traits_of("imagenet", data_dir=root).shape == (3, 224, 224)
    small = traits_of("imagenet", data_dir=root, fitting=Fitting(64))
    assert (small.shape, small.crop_padding) == ((3, 64, 64), 8)
    assert ImageNet(Fitting(64)).memory_bytes(root) == 78 * 3 * 64 * 64
    assert ImageNet().load_train(root, download=False).pixels.shape[1:] == (3, 224, 224)


def test_validation_images_of_untrained_classes_are_left_out(root: Path) -> None:
    write_devkit(root)
    for path in (root / "train" / WNIDS[1]).iterdir():
        path.unlink()
    (root / "train" / WNIDS[1]).rmdir()
    test = load_test("imagenet", data_dir=root, fitting=Fitting(8))
    assert sorted(test.labels.tolist()) == [0, 0, 1, 1]


@pytest.mark.parametrize("place", ["imagenet", "ILSVRC/Data/CLS-LOC"])
def test_imagenet_is_found_where_its_archives_unpack(root: Path, place: str) -> None:
    write_solution(root)
    (root / place).mkdir(parents=True)
    for name in ("train", "val"):
        (root / name).rename(root / place / name)
    assert len(load_test("imagenet", data_dir=root, fitting=Fitting(8))) == 6


def test_missing_files_are_reported_with_a_remedy(root: Path, tmp_path: Path) -> None:
    assert len(load_search_data("imagenet", data_dir=root, seed=0, fitting=Fitting(8)).train) == 75
    with pytest.raises(DataError, match=r"no file gives their classes. Put ILSVRC2012_devkit_t12"):
        load_test("imagenet", data_dir=root, fitting=Fitting(8))
    write_solution(root)
    paint(root / "val" / "ILSVRC2012_val_00000007.JPEG", 3)
    with pytest.raises(DataError, match=r"has no class for .*val_00000007"):
        load_test("imagenet", data_dir=root, fitting=Fitting(8))
    with pytest.raises(
        DataError, match=r"Unpack ILSVRC2012_img_train.tar.*\(an account is needed\)"
    ):
        traits_of("imagenet", data_dir=tmp_path / "nothing")
    kit = root / "ILSVRC2012_devkit_t12" / "data"
    kit.mkdir(parents=True)
    (root / "LOC_val_solution.csv").unlink()
    (kit / "ILSVRC2012_validation_ground_truth.txt").write_text("1\n")
    (kit / "meta.mat").write_text("no matrix")
    with pytest.raises(DataError, match=r"expected meta.mat and .* of the development kit"):
        load_test("imagenet", data_dir=root, fitting=Fitting(8))


def test_imagenet_can_be_surveyed_like_a_folder(root: Path) -> None:
    write_devkit(root)
    survey = check_data("imagenet", data_dir=root, fitting=Fitting(8))
    assert survey.counts == {"train": [26] * 3, "test": [2] * 3}
    assert (survey.name, dict(survey.sizes)) == ("imagenet", {(40, 30): 84})
