"""The report on a data set before a search; oracles: files written by hand, scikit-learn."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.utils.class_weight import compute_class_weight

from evonas.api.checks.data_check import check_data, write_contact_sheet
from evonas.evaluation.data.fitting import SKIP, Fitting
from evonas.evaluation.data.images import Images
from evonas.evaluation.data.loading import traits_of
from evonas.evaluation.data.survey.balance import class_weights, majority_share
from evonas.evaluation.data.survey.loaded_survey import survey_images
from evonas.evaluation.data.survey.survey import Survey


def paint(path: Path, value: int, *, size: tuple[int, int] = (8, 8)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (value, 50, 255)).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """``apple`` has 12 training images, ``pear`` has 3; each has 2 test images."""
    for part, label, name, count in (
        ("train", 0, "apple", 12), ("train", 1, "pear", 3),
        ("test", 2, "apple", 2), ("test", 3, "pear", 2),
    ):  # fmt: skip
        for number in range(count):
            paint(tmp_path / part / name / f"{number:02}.png", 40 * label + number)
    return tmp_path


def survey(folder: Path, fitting: Fitting | None = None) -> Survey:
    return check_data(data_dir=folder, fitting=fitting)


def test_clean_folder_has_class_counts_and_no_problems(folder: Path) -> None:
    found = survey(folder)
    assert found.class_names == ("apple", "pear")
    assert found.counts == {"train": [12, 3], "test": [2, 2]}
    assert (found.num_files, dict(found.sizes), dict(found.modes)) == (
        19,
        {(8, 8): 19},
        {"RGB": 19},
    )
    assert found.problems(Fitting()) == []
    few, uneven = found.warnings()
    assert few == "fewer than 10 training images: pear"
    assert uneven.startswith("the largest class has 4.0 times the images of the smallest")


def test_bad_files_are_listed_and_excluded_from_counts(folder: Path) -> None:
    for name in ("train/apple/00.png", "test/pear/01.png"):
        (folder / name).write_text("no image")
    found = survey(folder)
    assert found.counts == {"train": [11, 3], "test": [2, 1]}
    assert [Path(why.split(":")[0]).name for why in found.bad] == ["00.png", "01.png"]
    (problem,) = found.problems(Fitting())
    assert problem.startswith("2 of 19 files cannot be used")
    assert found.problems(Fitting(unreadable=SKIP)) == []


def test_duplicate_across_parts_is_found_despite_other_file_format(folder: Path) -> None:
    pixels = np.full((8, 8, 3), 200, np.uint8)
    Image.fromarray(pixels).save(folder / "train" / "pear" / "x.png")
    Image.fromarray(pixels).save(folder / "test" / "pear" / "y.bmp")
    found = survey(folder)
    (group,) = found.duplicates.between_parts
    assert [each.name for each in group] == ["train/pear/x.png", "test/pear/y.bmp"]
    assert found.duplicates.between_classes == []
    assert found.duplicates.num_spare == 1
    told = "images in more than one part: 1 (train/pear/x.png = test/pear/y.bmp)"
    assert told in found.warnings()


def test_duplicate_across_classes_is_found(folder: Path) -> None:
    paint(folder / "train" / "pear" / "x.png", 0)
    found = survey(folder).duplicates
    (group,) = found.between_classes
    assert [each.name for each in group] == ["train/apple/00.png", "train/pear/x.png"]
    assert found.between_parts == []


def test_mixed_sizes_are_a_problem_unless_image_size_is_given(folder: Path) -> None:
    paint(folder / "train" / "pear" / "x.png", 99, size=(30, 20))
    found = survey(folder)
    assert found.problems(Fitting()) == [
        "images of 2 sizes: resize them to one with --image-size, such as --image-size 32"
    ]
    fitting = Fitting(16)
    found = survey(folder, fitting)
    assert found.problems(fitting) == []
    assert found.num_enlarged == 19  # all but the new one
    assert found.samples[1][3].shape == (16, 16, 3)


def test_letterbox_enlarges_only_images_whose_longer_side_is_shorter(folder: Path) -> None:
    paint(folder / "train" / "pear" / "x.png", 99, size=(30, 10))
    assert survey(folder, Fitting(16)).num_enlarged == 20
    assert survey(folder, Fitting(16, fit="letterbox")).num_enlarged == 19


def test_survey_counts_rotated_animated_and_unread_files(folder: Path) -> None:
    exif = Image.Exif()
    exif[274] = 3
    Image.new("RGB", (8, 8)).save(folder / "train" / "pear" / "turned.jpg", exif=exif)
    frames = [Image.new("L", (8, 8), value) for value in (1, 2)]
    frames[0].save(folder / "train" / "pear" / "a.gif", save_all=True, append_images=frames[1:])
    for name in ("a.heic", "b.HEIC", "notes.txt", ".hidden.raw"):
        (folder / "train" / "pear" / name).write_text("?")
    found = survey(folder)
    assert (found.num_turned, found.num_animated) == (1, 1)
    assert dict(found.unread) == {".heic": 2}


@pytest.mark.parametrize(
    ("train", "problem"),
    [
        ({"apple": 3}, "one class only: apple"),
        ({"apple": 3, "pear": 1}, "fewer than 2 usable images in train: pear"),
    ],
)
def test_too_few_classes_or_images_are_a_problem(
    tmp_path: Path, train: dict[str, int], problem: str
) -> None:
    for label, (name, count) in enumerate(train.items()):
        for number in range(count):
            paint(tmp_path / "train" / name / f"{number}.png", 40 * label + number)
    assert survey(tmp_path).problems(Fitting()) == [problem]


@pytest.mark.parametrize("parts", [("train",), ("train", "val"), ("",)])
def test_survey_reports_source_of_the_test_part(tmp_path: Path, parts: tuple[str, ...]) -> None:
    for base, part in enumerate(parts):
        for label in range(2):
            for number in range(10):
                paint(
                    tmp_path / part / f"class {label}" / f"{number}.png",
                    80 * base + 20 * label + number,
                )
    told = {
        ("train",): "no test/: there are no images to confirm the front on",
        ("train", "val"): "no test/: val/ is used as the test part",
        ("",): "no train/ and test/: 20% of each class is set aside as the test part",
    }
    assert survey(tmp_path).warnings()[0].startswith(told[parts])


def test_class_weights_match_scikit_learn() -> None:
    labels = np.repeat([0, 1, 2], [5, 30, 7])
    theirs = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    assert class_weights([5, 30, 7]) == pytest.approx(theirs.tolist())
    assert majority_share([5, 30, 7]) == (labels == 1).mean()


def test_contact_sheet_shows_resized_images_of_each_class(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    assert write_contact_sheet(survey(folder, Fitting(16)), path)
    sheet = np.asarray(Image.open(path))
    reds = {int(value) for value in sheet[(sheet[..., 1] == 50) & (sheet[..., 2] == 255)][:, 0]}
    assert reds == {*range(10), 40, 41, 42}  # at most ten of a class
    assert (sheet[..., 1] == 50).sum() == 13 * 48 * 48  # 16 pixels, each three times three


def test_contact_sheet_is_skipped_for_mixed_sizes(folder: Path, tmp_path: Path) -> None:
    paint(folder / "train" / "pear" / "x.png", 99, size=(30, 20))
    assert not write_contact_sheet(survey(folder), tmp_path / "sheet.png")


def test_in_memory_data_set_can_be_surveyed() -> None:
    pixels = torch.arange(4, dtype=torch.uint8).view(4, 1, 1, 1).expand(4, 1, 8, 8)
    train = Images(pixels, torch.tensor([0, 1, 1, 2]))
    test = Images(pixels[2:3], torch.tensor([1]))
    found = survey_images({"train": train, "test": test}, traits_of("digits"), root=Path())
    assert found.counts["train"][:4] == [1, 2, 1, 0]
    (group,) = found.duplicates.between_parts
    assert [each.name for each in group] == ["train 2", "test 0"]


def test_classes_without_names_are_numbered() -> None:
    pixels = torch.arange(4, dtype=torch.uint8).view(4, 1, 1, 1).expand(4, 1, 8, 8)
    images = Images(pixels, torch.tensor([0, 1, 1, 2]))
    traits = replace(traits_of("digits"), num_classes=3, class_names=())
    found = survey_images({"train": images}, traits, root=Path())
    assert found.class_names == ("0", "1", "2")
