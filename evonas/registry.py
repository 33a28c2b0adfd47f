"""Look a name up in a table; when it is unknown, say which names the table knows."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

from evonas.errors import UnknownNameError
from evonas.synonyms import synonym

Entry = TypeVar("Entry")


def suggestion(name: str, known: Iterable[str]) -> str:
    """``"; did you mean 'fa'?"`` when one of ``known`` is close to ``name``, else nothing.

    Close in meaning goes before close in spelling: ``accuracy`` is ``acc``.
    """
    known = list(known)
    meant = synonym(name, known)
    if meant is not None:
        return f"; did you mean '{meant}'?"
    by_lower = {each.lower(): each for each in known}
    close = get_close_matches(name.lower(), list(by_lower), n=1, cutoff=0.6)
    return f"; did you mean '{by_lower[close[0]]}'?" if close else ""


def look_up(table: Mapping[str, Entry], name: str, *, kind: str) -> Entry:
    """The entry of ``table`` called ``name``.

    Args:
        table: the entries by name.
        name: what the user wrote.
        kind: what the table holds, in the singular, for the message.

    Raises:
        UnknownNameError: the table has no such entry.
    """
    if name in table:
        return table[name]
    known = f"known: {', '.join(sorted(table))}" if table else "none is known"
    raise UnknownNameError(f"unknown {kind} '{name}'{suggestion(name, table)} ({known})")
