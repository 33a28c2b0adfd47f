"""``operators.csv``: which operator proposed which candidate, and its outcome.

It is derived from the search, whose state a resumed run restores, so an interruption does not
change it.
"""

import csv
import io
from pathlib import Path

from evonas.search.supernet_guided.guided_search import Credit, GuidedSearch, OperatorRow

OPERATORS_FILE = "operators.csv"


def write_operators(folder: Path, search: GuidedSearch) -> None:
    """Write ``operators.csv``: a row for each candidate that an operator proposed."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(OperatorRow._fields)
    writer.writerows(search.rows())
    temporary = folder / f".{OPERATORS_FILE}.tmp"
    temporary.write_text(text.getvalue(), encoding="utf-8")
    temporary.replace(folder / OPERATORS_FILE)


def describe_credit(credit: dict[str, Credit]) -> str:
    """``eg: 40 asked, 9 entered the front, 3 on it; plain: ...``."""
    return "; ".join(
        f"{operator}: {earned.asked} asked, {earned.failed} failed, {earned.entered} entered the "
        f"front, {earned.on_front} on it at the end"
        for operator, earned in credit.items()
    )
