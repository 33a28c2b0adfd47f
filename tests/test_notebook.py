"""The notebook of the examples, run from its first cell to its last in a folder of its own."""

from ast import literal_eval
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[1] / "examples" / "first_search.ipynb"


@pytest.mark.filterwarnings("ignore")  # Jupyter's own
def test_the_first_search_runs_and_predicts(tmp_path: Path) -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    outputs = {cell.source: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}
    predicted, targets = _value(outputs, "predicted.tolist()")
    assert len(predicted) == len(targets) == 10
    assert sum(a == b for a, b in zip(predicted, targets, strict=True)) >= 5
    accuracies = _value(outputs, "longer.values")
    assert all(0.0 < accuracy <= 1.0 for accuracy in accuracies)  # type: ignore[operator]
    (search,) = [found for source, found in outputs.items() if "evonas.search(" in source]
    bars = [str(each) for each in search if "<progress" in str(each)]
    assert len(bars) == 1
    assert "12/12 trainings" in bars[0]


def _value(outputs: dict[str, list[nbformat.NotebookNode]], source: str) -> tuple[list[int], ...]:
    (found,) = [each for code, each in outputs.items() if source in code]
    value: tuple[list[int], ...] = literal_eval(found[-1]["data"]["text/plain"])
    return value
