"""A command's output as one JSON document."""

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from numbers import Integral
from typing import TYPE_CHECKING, TypeAlias

from rich.console import Console

from evonas.api.terminal.console import say

if TYPE_CHECKING:
    import pandas as pd

Plain: TypeAlias = "dict[str, Plain] | list[Plain] | str | int | float | bool | None"


def print_json(console: Console, value: object, *, indent: int | None = 2) -> None:
    """Print a value as JSON.

    Args:
        console: console to print on.
        value: anything that :func:`as_plain` takes.
        indent: indent of each level, in characters; None for one line.
    """
    text = json.dumps(as_plain(value), indent=indent, allow_nan=False)
    say(console, text)


def as_plain(value: object) -> Plain:
    """The value in JSON types; numbers that are not finite become null.

    Args:
        value: dataclasses, mappings and sequences of these, numbers and texts. Anything else
            becomes its text, such as a path.
    """
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Integral):  # including NumPy's
        return int(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if is_dataclass(value):
        return {field.name: as_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): as_plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [as_plain(each) for each in value]
    return str(value)


def table_rows(table: "pd.DataFrame") -> list[dict[str, object]]:
    """The rows of a table, its index among the columns; None where a value is missing."""
    plain = table.reset_index().astype(object)
    rows = plain.where(plain.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def without_spaces(row: Mapping[str, object]) -> dict[str, object]:
    """The rows of a table under column names that suit programs."""
    return {name.replace(" ", "_"): value for name, value in row.items()}
