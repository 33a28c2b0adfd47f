"""Look up names in tables; errors list the known names and suggest one."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

from evonas.errors import UnknownNameError
from evonas.synonyms import synonym

Entry = TypeVar("Entry")


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'fa'?"`` if one of ``known`` is close to ``name``, else nothing.

    Meaning has priority over spelling: ``accuracy`` suggests ``acc``.
    """
    known = list(known)
    meant = synonym(name, known)
    if meant is not None:
        return f"; did you mean '{meant}'?"
    by_lower = {each.lower(): each for each in known}
    close = get_close_matches(name.lower(), list(by_lower), n=1, cutoff=0.6)
    return f"; did you mean '{by_lower[close[0]]}'?" if close else ""


def look_up(table: Mapping[str, Entry], name: str, *, kind: str) -> Entry:
    """Return the entry of ``table`` called ``name``.

    Args:
        table: entries by name.
        name: name that the user wrote.
        kind: what the table holds, in the singular, for the message.

    Raises:
        UnknownNameError: the table has no such entry.
    """
    if name in table:
        return table[name]
    known = f"known: {', '.join(sorted(table))}" if table else "none is known"
    raise UnknownNameError(f"unknown {kind} '{name}'{suggestion(name, table)} ({known})")
