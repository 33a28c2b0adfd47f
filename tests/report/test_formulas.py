"""Every table that evonas writes passes its texts through the guard, by the module's source."""

from pathlib import Path

import pandas as pd
import pytest

import evonas
from evonas.report.formulas import without_formulas

ROOT = Path(evonas.__file__).parent
OF_NUMBERS = {"api/final/training.py"}
"""Writers of tables that hold no text of a run."""


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@A1", "\t=1", "\r=1"])
def test_texts_that_a_spreadsheet_evaluates_begin_with_an_apostrophe(text: str) -> None:
    table = pd.DataFrame({"text": [text, "1-1", None], "number": [-1.5, 2.0, None]})
    found = without_formulas(table)
    assert found.text.tolist()[:2] == [f"'{text}", "1-1"]
    assert pd.isna(found.text[2])
    assert found.number.equals(table.number)
    assert table.text[0] == text  # a copy


def test_numbers_with_missing_values_are_written_as_before() -> None:
    table = pd.DataFrame({"count": pd.Series([-3, None], dtype="Int64"), "mixed": [-1, "a"]})
    assert without_formulas(table).to_csv(index=False) == table.to_csv(index=False)


def test_every_writer_of_a_table_removes_formulas() -> None:
    writers = {
        str(path.relative_to(ROOT)): path.read_text()
        for path in ROOT.rglob("*.py")
        if ".to_csv(" in path.read_text() and path.name != "formulas.py"
    }
    assert len(writers) >= 7
    unguarded = {name for name, text in writers.items() if "without_formulas(" not in text}
    assert unguarded == OF_NUMBERS
