"""Pieces of HTML; all text is escaped here, so that nothing from a run can run in the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes:
        cells: plain text of each cell.
        run: number of the run whose candidate a click selects; None for no selection.
        key: key of that candidate.
    """

    cells: Sequence[str]
    run: int | None = None
    key: str | None = None


def table(header: Sequence[str], rows: Sequence[Row], *, label: str, left: int = 1) -> str:
    """A table whose rows may select a candidate, by mouse or by keyboard.

    Args:
        header: plain text of each column header.
        rows: rows with the same number of cells.
        label: description of the table, for screen readers.
        left: number of leading text columns; the others hold right-aligned numbers.
    """
    heads = "".join(f"<th scope=col>{escape(name)}</th>" for name in header)
    body = "\n".join(_row(row, left) for row in rows)
    return (
        f'<div class=wide tabindex=0 role=region aria-label="{escape(label)}">'
        f"<table><thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )


def paragraph(text: str, *, kind: str = "") -> str:
    """A paragraph of plain text.

    Args:
        text: text of the paragraph.
        kind: a class of the style sheet.
    """
    return f'<p class="{escape(kind)}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def missing(what: str, command: str) -> str:
    """A line that replaces a view for which the run has no data.

    Args:
        what: sentence that says what is missing, and why.
        command: command that creates it.
    """
    return f"<p class=missing>{escape(what)} To fix this: <code>{escape(command)}</code></p>"


def heading(text: str, *, level: int = 3) -> str:
    """A heading of plain text."""
    return f"<h{level}>{escape(text)}</h{level}>"


def bullets(lines: Sequence[str]) -> str:
    """A list of plain texts."""
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"


def plot(name: str, *, run: int | None = None, label: str, kind: str = "") -> str:
    """Element in which the page's script draws a plot.

    Args:
        name: name of the plot in the page's script.
        run: number of its run; None for all runs together.
        label: description of the plot, for screen readers.
        kind: an additional class of the style sheet.
    """
    of = "" if run is None else f" data-run={run}"
    return (
        f'<div class="plot {escape(kind)}" data-plot="{escape(name)}"{of} role=img '
        f'aria-label="{escape(label)}"></div>'
    )


def _row(row: Row, left: int) -> str:
    of = ""
    if row.run is not None and row.key is not None:
        of = f' data-run={row.run} data-key="{escape(row.key)}" tabindex=-1'
    cells = "".join(
        f"<td>{escape(cell)}</td>" if number < left else f"<td class=n>{escape(cell)}</td>"
        for number, cell in enumerate(row.cells)
    )
    return f"<tr{of}>{cells}</tr>"
