"""``signals.csv``: the relevance of signals to the engine's model.

It is derived from the search, like ``operators.csv``.
"""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from evonas.search.signals import Relevance

RELEVANCE_FILE = "signals.csv"


def write_relevance(
    folder: Path, relevance: Sequence[Relevance], *, objectives: Sequence[str]
) -> None:
    """Write ``signals.csv``: a row for each objective and signal, the most relevant first."""
    if not relevance:
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Relevance._fields)
    for row in sorted(relevance, key=lambda row: (row.objective, -row.effect)):
        numbers = (f"{number:.6g}" for number in (row.effect, row.linear, row.length_scale))
        writer.writerow((objectives[row.objective], row.signal, *numbers))
    temporary = folder / f".{RELEVANCE_FILE}.tmp"
    temporary.write_text(text.getvalue(), encoding="utf-8")
    temporary.replace(folder / RELEVANCE_FILE)
