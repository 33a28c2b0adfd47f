"""``evonas.reproduce``: a paper's table compared with your own trainings."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from evonas.report.reproduction.own import find_trainings
from evonas.report.reproduction.published import read_paper
from evonas.report.reproduction.table import as_markdown, reproduction_rows


@dataclass(frozen=True)
class Reproduction:
    """A published table and ours.

    Attributes:
        title: title of the table, with its paper.
        unknown: what the paper's table has and this one lacks.
        rows: values by column name.

    Examples:
        >>> evonas.reproduce("bionas", table=1).rows[0]["error_percent"]
        '4.84'
    """

    title: str
    unknown: str
    rows: tuple[dict[str, str], ...]

    @property
    def markdown(self) -> str:
        """The table in Markdown, with its title and what is missing."""
        return f"**{self.title}**\n\n{as_markdown(self.rows)}\n\nNot available: {self.unknown}.\n"


def reproduce(paper: str, folders: Iterable[Path | str] = (), *, table: int = 1) -> Reproduction:
    """Compare published numbers with those of ``evonas train``, each with its budget.

    Args:
        paper: ``bionas``.
        folders: searched recursively for your own trainings.
        table: its number in the paper.

    Raises:
        UnknownNameError: there is no such paper or table.
        DataError: a folder is missing.
        StorageError, ConfigError: a training in it is damaged.

    Examples:
        >>> evonas.reproduce("bionas", table=1).rows[1]["budget"]
        'nothing was run'
    """
    known = read_paper(paper)
    chosen = known.table(table)
    trainings = find_trainings(map(Path, folders))
    return Reproduction(
        title=f"Table {table}, {chosen.title}: {known.paper}, {known.source}",
        unknown=chosen.unknown,
        rows=tuple(reproduction_rows(known, chosen, trainings)),
    )
