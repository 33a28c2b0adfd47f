"""Rules from installed packages, found by the entry point group ``evonas.rules`` (PyPA).

A package is imported only when one of its rules is used, so a broken package affects only the runs
that use its rules.
"""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, final, get_args

from evonas.entry_points import EntryPoints, OfferedTable
from evonas.errors import RuleError
from evonas.rules.base import DESCRIPTIONS, AbstractRule, Transport

GROUP = "evonas.rules"


@final
class RuleTable(OfferedTable[type[AbstractRule]]):
    """The rules of evonas and of installed packages, keyed by name; raises RuleError.

    Args:
        ours: the rules of evonas.
        points: the entry points of the group, each with the name of its rule.
    """

    def __init__(
        self, ours: Mapping[str, type[AbstractRule]], points: Iterable[EntryPoint]
    ) -> None:
        renamed = f"its rule and its entry point in '{GROUP}'"
        offered = EntryPoints(points, kind="rule", error=RuleError, renamed=renamed)
        super().__init__(ours, offered, _checked)


def installed() -> tuple[EntryPoint, ...]:
    """The entry points of all installed packages in the group."""
    return tuple(entry_points(group=GROUP))


def _checked(found: Any, name: str, where: str) -> type[AbstractRule]:
    if not (inspect.isclass(found) and issubclass(found, AbstractRule)):
        raise RuleError(
            f"{where}: expected a subclass of evonas.rules.AbstractRule, got {found!r}"
        )
    problems = list(_problems(found, name=name))
    if problems:
        raise RuleError(f"{where}: {'; '.join(problems)}")
    kind: type[AbstractRule] = found
    return kind


def _problems(rule: type[AbstractRule], *, name: str) -> Iterator[str]:
    """Ways in which a class breaks the contract of ``AbstractRule``."""
    given = getattr(rule, "name", None)
    if given != name:
        yield f"expected the name '{name}' of its entry point, got {given!r}"
    missing = [each for each in DESCRIPTIONS if not isinstance(getattr(rule, each, None), str)]
    if missing:
        yield f"expected the class attributes {', '.join(missing)}, found none"
    elif rule.transports not in get_args(Transport):
        expected = ", ".join(get_args(Transport))
        yield f"expected transports to be one of {expected}, got {rule.transports!r}"
    try:
        rule()
    except Exception as problem:  # abstract methods, options without a default
        yield f"expected to make one without arguments, got {type(problem).__name__}: {problem}"
