"""Model cards; the oracles are the tables of the run, and the card's code when run."""

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import evonas
from evonas.cli import main
from evonas.evaluation.data.loading import load_test
from evonas.evaluation.final.recipe import FinalRecipe

pytestmark = pytest.mark.system

INPUT = "import torch\n\nimages = torch.rand(3, 1, 8, 8)\n"
OUTPUT = "\nprint(tuple(logits.shape))\n"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> evonas.Study:
    return evonas.search(
        "tiny", objectives=["acc", "robust"], rules=["usf", "bp"], population=3, generations=1,
        epochs=1, images=100, batch=25, attacked_images=20, audit_images=20, confirm=2, workers=1,
        out=tmp_path_factory.mktemp("card") / "run", progress=False,
    )  # fmt: skip


def test_model_card_matches_tables_of_the_run(study: evonas.Study, tmp_path: Path) -> None:
    with (study.folder / "pareto.csv").open(newline="") as file:
        row = next(csv.DictReader(file))
    evonas.export(study.folder, row["key"], format="safetensors", out=tmp_path / "a.safetensors")
    card = (tmp_path / "a.md").read_text(encoding="utf-8")
    for name in ("acc", "robust"):
        cells = [
            f"{float(row[column]):.4f}" + (f" ± {float(error):.4f}" if error else "")
            for column in (name, f"confirmed_{name}", f"test_{name}")
            for error in (row[f"{column}_se"],)
        ]
        assert f"| {name} | {' | '.join(cells)} | fraction |" in card
    assert f"| params | {int(row['params']):,} | - | - | weights |" in card
    assert f"`{row['genome']}`" in card
    assert f"{float(row['robust_l1']):.3f} ± " in card
    assert "Not compared. `evonas ablate RUN KEY`" in card
    weights = dict(re.findall(r"^\| (usf|bp) \| [^|]* \| ([\d,]+) \|", card, re.MULTILINE))
    of_layers = study.find(row["key"]).representative.weights_by_rule
    assert {name: int(count.replace(",", "")) for name, count in weights.items()} == of_layers


def test_model_card_lists_unmasked_attacks(study: evonas.Study, tmp_path: Path) -> None:
    key = study.front.index[0]
    with pytest.raises(SystemExit) as left:
        main(["attack", str(study.folder), key, "--images", "20", "--out", str(tmp_path)])
    assert left.value.code == 0
    evonas.export(study.folder, key, format="safetensors", out=tmp_path / "a.safetensors")
    card = (tmp_path / "a.md").read_text(encoding="utf-8")
    with (tmp_path / "attacks.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["masked"] == "False"]
    assert "On 20 images of the validation part:" in card
    for row in rows:
        accuracy, error = float(row["accuracy"]), float(row["se"])
        assert f"| {row['attack']} | {row['epsilon']} | {accuracy:.3f} | {error:.3f} |" in card
    assert rows


@pytest.mark.parametrize(
    ("kind", "name"),
    [("python", "net.py"), ("python", "0-bp.py"), ("onnx", "net.onnx"), ("pt2", "net.pt2")],
)
def test_code_of_model_card_runs_unchanged(
    study: evonas.Study, tmp_path: Path, kind: str, name: str
) -> None:
    key = study.front.index[0]
    evonas.export(study.folder, key, format=kind, out=tmp_path / name)  # type: ignore[arg-type]
    card = (tmp_path / name).with_suffix(".md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    images = INPUT + "images = images.numpy()\n" * (kind == "onnx")
    (tmp_path / "use.py").write_text(images + code + OUTPUT)
    done = subprocess.run(
        [sys.executable, "use.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout == "(3, 10)\n", done.stderr


def test_card_of_final_training_states_accuracy_of_exported_network(
    study: evonas.Study, tmp_path: Path
) -> None:
    """Oracle: the file itself, on the test images. With several views it was tested otherwise."""
    recipe = FinalRecipe(
        description="", epochs=3, batch=100, learning_rate=0.1, views="flips and shifts"
    )
    report = evonas.train(
        study.folder, study.front.index[0], recipe=recipe, out=tmp_path / "final", progress=False
    )
    model = tmp_path / "final" / "seed-0" / "model.safetensors"
    assert evonas.export(model, format="safetensors", out=model) == model  # only adds the card
    card, test = model.with_suffix(".md").read_text(encoding="utf-8"), load_test("digits")
    with torch.no_grad():
        guesses = evonas.load_network(model)(test.pixels / 255).argmax(1)
    accuracy = float((guesses == test.labels).float().mean())
    assert f"Test accuracy {accuracy:.4f} ± " in card
    assert report.test is not None
    assert f"By the mean of flips and shifts of each image: {report.test[0]:.4f}." in card
    assert f"{accuracy:.4f}" != f"{report.test[0]:.4f}"


def test_card_of_lone_model_file_reports_no_measurements(
    study: evonas.Study, tmp_path: Path
) -> None:
    model = study.folder / "models" / f"{study.front.index[0]}.safetensors"
    evonas.export(model, format="pt2", out=tmp_path / "x.pt2")
    card = (tmp_path / "x.md").read_text(encoding="utf-8")
    assert "A model file on its own holds no measurements" in card
    assert "Not attacked." in card
    evonas.export(model, format="pt2", out=tmp_path / "y.pt2", card=False)
    assert not (tmp_path / "y.md").exists()
