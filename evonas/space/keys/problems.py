"""Checks of single YAML values; each problem is reported with its path."""

import re
from collections.abc import Iterator
from typing import Final

from evonas.errors import show
from evonas.registry import suggestion
from evonas.schema import ProblemsError

KeyProblem = tuple[str, str]  # path below the value, and the problem there

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
NAME_PHRASE: Final = "letters, digits, '_' and '-', a letter or digit first"
MAX_NAME_LENGTH: Final = 64  # names occur in folder names and in the text of every genome
MAX_CELLS: Final = 1000  # per stage: more is a typing error that would exhaust the memory


def raise_all(found: Iterator[KeyProblem]) -> None:
    """Raise all problems found, if there are any.

    Raises:
        ProblemsError: there are problems.
    """
    if problems := list(found):
        raise ProblemsError(problems)


def bad_name(path: str, name: str) -> Iterator[KeyProblem]:
    """Yield a problem if ``name`` is not valid in the text of a genome."""
    if not NAME.fullmatch(name):
        yield path, f"expected a name of {NAME_PHRASE}, got {show(name)}"
    elif len(name) > MAX_NAME_LENGTH:
        yield (
            path,
            f"expected a name of at most {MAX_NAME_LENGTH} letters, got {len(name)}: {show(name)}",
        )


def out_of_range(
    path: str, number: int | None, *, least: int = 1, most: int = 10**6
) -> Iterator[KeyProblem]:
    """Yield a problem if the number is given and not between ``least`` and ``most``."""
    if number is not None and number < least:
        yield path, f"must be at least {least}, got {number}"
    elif number is not None and number > most:
        yield path, f"must be at most {most}, got {number}"


def not_one_of(path: str, value: str, known: tuple[str, ...]) -> Iterator[KeyProblem]:
    """Yield a problem if ``value`` is not one of the known words."""
    if value not in known:
        yield path, f"expected one of {', '.join(known)}, got '{value}'{suggestion(value, known)}"


def even(path: str, kernel: int | None) -> Iterator[KeyProblem]:
    """Yield a problem if a kernel is even."""
    if kernel is not None and kernel > 0 and kernel % 2 == 0:
        yield path, f"must be odd, so that padding keeps the size, got {kernel}"
