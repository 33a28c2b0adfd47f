"""Markdown tables, in GitHub's dialect."""

from collections.abc import Sequence


def markdown_table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, is_numeric: bool = False
) -> str:
    """Format a table, without a line break at the end.

    Args:
        head: one text per column.
        rows: for each row, one text per column, which may hold Markdown: only ``|`` is escaped.
        is_numeric: whether all columns but the first hold numbers, which are aligned right.
    """
    others = "---:" if is_numeric else "---"
    rule = ["---", *[others] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(map(_escaped, line))} |" for line in (head, rule, *rows))


def _escaped(cell: str) -> str:
    return cell.replace("|", r"\|")
