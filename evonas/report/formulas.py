"""Texts in tables that a spreadsheet would take for formulas."""

from typing import Any

import pandas as pd

STARTS = ("=", "+", "-", "@", "\t", "\r")
"""First characters that make a spreadsheet evaluate a cell."""


def without_formulas(table: pd.DataFrame) -> pd.DataFrame:
    """The table with an apostrophe before each text that a spreadsheet would evaluate.

    The journal of a run from someone else may hold any text as a genome or a failure, and a
    formula can send the other cells away.

    Args:
        table: a table that is about to be written as CSV; its numbers stay as they are.
    """
    texts = table.select_dtypes(exclude=["number", "bool"])
    return table.assign(**{str(name): texts[name].map(_as_text) for name in texts.columns})


def _as_text(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(STARTS) else cell
