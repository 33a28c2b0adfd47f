"""The example notebooks, run from first cell to last, each in a new folder."""

from ast import literal_eval
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.system

EXAMPLES = Path(__file__).parents[1] / "examples"
Outputs = Mapping[str, list[nbformat.NotebookNode]]


def _check_first_search(outputs: Outputs) -> None:
    predicted, targets = _value(outputs, "predicted.tolist()")
    assert len(predicted) == len(targets) == 10
    assert sum(a == b for a, b in zip(predicted, targets, strict=True)) >= 5
    accuracies = _value(outputs, "longer.values")
    assert all(0.0 < accuracy <= 1.0 for accuracy in accuracies)
    (search,) = [found for source, found in outputs.items() if "evonas.search(" in source]
    bars = [str(each) for each in search if "<progress" in str(each)]
    assert len(bars) == 1
    assert "12/12 trainings" in bars[0]


def _check_own_rule(outputs: Outputs) -> None:
    accuracies, angles = _value(outputs, "\naccuracies"), _value(outputs, "\nangles")
    assert accuracies["bp"] > accuracies["fa"] > 0.5  # chance is 0.1
    assert accuracies["quantised"] > accuracies["fa"]
    assert set(angles["bp"].values()) == {0.0}
    # feedback rounded to the nearest level points almost in the direction of the weights
    assert 0.0 < angles["quantised"]["3"] < 30.0 < angles["fa"]["3"]


def _check_robustness(outputs: Outputs) -> None:
    found = _value(outputs, "\nfound")
    assert found["fa"]["true"] + 0.2 < found["fa"]["masked"]
    assert found["fa"]["true"] <= found["bp"]["true"]


def _check_own_images(outputs: Outputs) -> None:
    assert dict(_value(outputs, "\npredictions")) == {
        "new-lying.jpg": "lying", "new-standing.jpg": "standing",
    }  # fmt: skip
    (checked,) = [found for source, found in outputs.items() if "data check" in source]
    printed = "".join(each.get("text", "") for each in checked)
    assert "broken.jpg" in printed
    assert "these images are ready for a search" in printed


CHECKS: dict[str, Callable[[Outputs], None]] = {
    "first_search": _check_first_search,
    "own_rule": _check_own_rule,
    "robustness": _check_robustness,
    "own_images": _check_own_images,
}


@pytest.mark.filterwarnings("ignore")  # Jupyter's own
@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.ipynb")))
def test_notebook_runs_and_matches_its_text(name: str, tmp_path: Path) -> None:
    notebook = nbformat.read(EXAMPLES / f"{name}.ipynb", as_version=4)
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    CHECKS[name]({cell.source: cell.outputs for cell in cells})


def _value(outputs: Outputs, source: str) -> Any:
    (found,) = [each for code, each in outputs.items() if source in code]
    return literal_eval(found[-1]["data"]["text/plain"])
