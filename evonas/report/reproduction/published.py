"""Published results of papers, with their sources and what is unknown."""

from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

from evonas.errors import UnknownNameError
from evonas.registry import suggestion
from evonas.schema import structure
from evonas.strict_yaml import parse_yaml

Status = Literal["checked", "note"]
STATUS_TEXT: dict[Status, str] = {
    "checked": "read in the paper",
    "note": "unverified: from secondary notes, not checked against the paper",
}
PAPERS = ("bionas",)


@dataclass(frozen=True)
class Figure:
    """One published number.

    Attributes:
        entry: row of the paper's table.
        dataset: name of the data set in evonas.
        error: classification error on the test part, in per cent.
        status: whether the number was verified.
        where: place in the source where it was read.
    """

    entry: str
    dataset: str
    error: float
    status: Status
    where: str


@dataclass(frozen=True)
class PublishedTable:
    """The known part of a table of the paper.

    Attributes:
        number: number of the table in the paper.
        title: title in our words.
        unknown: content of the paper's table that is missing here.
        figures: rows of the table.
    """

    number: int
    title: str
    unknown: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Paper:
    """The known results of a paper.

    Attributes:
        paper: authors, title and year.
        source: reference to the paper.
        tables: its tables.
    """

    paper: str
    source: str
    tables: tuple[PublishedTable, ...]

    def table(self, number: int) -> PublishedTable:
        """The table with this number.

        Raises:
            UnknownNameError: the table is not known.
        """
        for each in self.tables:
            if each.number == number:
                return each
        known = ", ".join(str(each.number) for each in self.tables)
        raise UnknownNameError(
            f"table {number}: expected one of {known}; the other tables were not available"
        )


def read_paper(name: str) -> Paper:
    """Read the published results of a paper.

    Raises:
        UnknownNameError: there is no paper of this name.
    """
    if name not in PAPERS:
        raise UnknownNameError(
            f"unknown paper '{name}'{suggestion(name, PAPERS)} (known: {', '.join(PAPERS)})"
        )
    where = f"{name}.yaml"
    text = (files("evonas.report.reproduction") / where).read_text(encoding="utf-8")
    return structure(parse_yaml(text, where=where), Paper, where=where)
