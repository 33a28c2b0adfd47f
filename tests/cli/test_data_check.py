"""``evonas data check`` and the search after it; the oracle is a folder filled by the test."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

import evonas
from evonas.cli.app import main


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """60 files of two classes and many sizes; one is not an image, one folder is hidden."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "photographs"
    for name, value in (("light", 160), ("dark", 0)):
        (folder / name).mkdir(parents=True)
        for number in range(30):
            shape = (int(rng.integers(20, 60)), int(rng.integers(20, 60)), 3)
            pixels = rng.integers(value, value + 90, shape).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.jpg")
    (folder / "dark" / "0.jpg").write_text("no image")
    (folder / ".cache").mkdir()
    return folder


NAMES = ("[red]", "[/bold]", ":x:")  # to rich: a colour, a stray end tag, a cross


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    captured = capsys.readouterr()
    return end.value.code, captured.out, captured.err


def test_folder_of_photographs_is_checked_searched_and_trained(
    photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet, out = tmp_path / "sheet.png", tmp_path / "run"
    options = ["--image-size", "16", "--image-fit", "letterbox", "--unreadable", "skip"]
    code, text, errors = told(
        capsys, "data", "check", str(photographs), *options, "--sheet", str(sheet)
    )
    assert (code, errors) == (0, "")
    assert "dark/0.jpg: cannot be read" in text
    assert "these images are ready for a search" in text
    assert sheet.exists()
    code, text, _ = told(
        capsys, "run", "--space", "tiny", "--dataset", "folder", "--data-dir", str(photographs),
        *options, "--population", "2", "--generations", "1", "--epochs", "1", "--objectives",
        "acc", "--rules", "fa", "--channels", "4", "--cells", "1", "--replicates", "1",
        "--confirm", "1", "--workers", "1", "--out", str(out),
    )  # fmt: skip
    assert code == 0
    assert "images: 47 train, 12 test of 2 classes" in text  # 48 without the broken file
    assert (out / "pareto.csv").exists()
    assert (out / "images.png").exists()
    key = evonas.load_study(out).front.index[0]
    code, _, errors = told(
        capsys, "train", str(out), key, "--epochs", "1", "--batch", "16", "--device", "cpu"
    )
    assert (code, errors) == (0, "")  # at the size of the run, without the bad file
    training = yaml.safe_load((out / "config.yaml").read_text())["training"]
    assert {name: training[name] for name in ("image_size", "image_fit", "unreadable")} == {
        "image_size": 16, "image_fit": "letterbox", "unreadable": "skip",
    }  # fmt: skip


def test_unusable_images_end_with_exit_code_2(
    photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = str(tmp_path / "sheet.png")
    code, text, errors = told(capsys, "data", "check", str(photographs), "--sheet", sheet)
    assert code == 2
    assert "bad: " in text
    assert "1 of 60 files cannot be used" in errors
    assert "resize them to one with --image-size" in errors
    assert not Path(sheet).exists()


def test_many_bad_files_are_counted(
    photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(1, 23):  # the first one is broken already
        (photographs / "dark" / f"{number}.jpg").write_text("no image")
    code, text, _ = told(
        capsys, "data", "check", str(photographs), "--image-size", "16", "--unreadable", "skip",
        "--sheet", str(tmp_path / "sheet.png"),
    )  # fmt: skip
    assert code == 0
    assert text.count("bad: ") == 20
    assert "more bad files: 3\n" in text


def test_named_data_set_is_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = tmp_path / "digits.png"
    code, text, _ = told(capsys, "data", "check", "--dataset", "digits", "--sheet", str(sheet))
    assert code == 0
    assert "always predicting '" in text
    assert sheet.exists()


def test_names_with_markup_are_printed_literally(
    photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for old, new in (("dark", "[red]"), ("light", ":x:")):
        (photographs / old).rename(photographs / new)
    (photographs / "[red]" / "1.jpg").rename(photographs / "[red]" / "[bold].jpg")
    (photographs / "[red]" / "[bold].jpg").write_text("no image")
    code, text, errors = told(
        capsys, "data", "check", str(photographs), "--image-size", "16", "--unreadable", "skip",
        "--sheet", str(tmp_path / "sheet.png"),
    )  # fmt: skip
    assert (code, errors) == (0, "")
    assert all(name in text for name in ("[red]", ":x:", "[bold].jpg"))
    document = yaml.safe_load(Path("search_spaces/tiny.yaml").read_text(encoding="utf-8"))
    document["description"] = "a space of " + " ".join(NAMES)
    own = tmp_path / "own.yaml"
    own.write_text(yaml.safe_dump(document))
    code, text, errors = told(capsys, "spaces", "show", str(own))
    assert (code, errors) == (0, "")
    assert " ".join(NAMES) in text


def test_contact_sheet_is_png_for_any_file_suffix(
    photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "sheet"
    options = ["--image-size", "16", "--unreadable", "skip", "--sheet", str(sheet)]
    code, _, _ = told(capsys, "data", "check", str(photographs), *options)
    assert code == 0
    with Image.open(sheet) as found:
        assert found.format == "PNG"
