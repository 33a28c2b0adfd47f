"""Figures that a paper gives, with where each was read and what is not known."""

from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

from evonas.errors import UnknownNameError
from evonas.registry import suggestion
from evonas.schema import parse_yaml, structure

Status = Literal["checked", "note"]
STATUS_TEXT: dict[Status, str] = {
    "checked": "read in the paper",
    "note": "from secondary notes, not checked against the paper",
}
PAPERS = ("bionas",)


@dataclass(frozen=True)
class Figure:
    """One published number.

    Attributes:
        entry: the row of the paper's table.
        dataset: its name here.
        error: error of classification on the test part, in per cent.
        status: how far it was verified.
        where: it was read.
    """

    entry: str
    dataset: str
    error: float
    status: Status
    where: str


@dataclass(frozen=True)
class PublishedTable:
    """A table of the paper, as far as it is known.

    Attributes:
        number: in the paper.
        title: in our words.
        unknown: what the paper's table has and this one has not.
        figures: its rows.
    """

    number: int
    title: str
    unknown: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Paper:
    """What is known of a paper's figures.

    Attributes:
        paper: authors, title and year.
        source: where it is.
        tables: by number.
    """

    paper: str
    source: str
    tables: tuple[PublishedTable, ...]

    def table(self, number: int) -> PublishedTable:
        """One of them.

        Raises:
            UnknownNameError: it is not known.
        """
        for each in self.tables:
            if each.number == number:
                return each
        known = ", ".join(str(each.number) for each in self.tables)
        raise UnknownNameError(
            f"table {number}: expected one of {known}; the other tables were not available"
        )


def read_paper(name: str) -> Paper:
    """The figures of a paper.

    Raises:
        UnknownNameError: there are none of this name.
    """
    if name not in PAPERS:
        raise UnknownNameError(
            f"unknown paper '{name}'{suggestion(name, PAPERS)} (known: {', '.join(PAPERS)})"
        )
    where = f"{name}.yaml"
    text = (files("evonas.report.reproduction") / where).read_text(encoding="utf-8")
    return structure(parse_yaml(text, where=where), Paper, where=where)
