"""Convert what a user wrote, on the command line, in YAML or in Python, to a tree of settings."""

import os
from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Any

from evonas.errors import ConfigError, show
from evonas.registry import suggestion
from evonas.schema import PHRASES
from evonas.settings.setting import Setting
from evonas.settings.tree import GROUPS, SETTINGS, Settings
from evonas.strict_yaml import quoting_hint


def read_settings(
    given: Mapping[str, Any], *, on_top_of: Settings | None = None, where: str = ""
) -> Settings:
    """Read settings from the values that the user gave; :func:`check_settings` checks ranges.

    A list may be given as a list or as a text with commas. None counts as not given, unless it is
    a valid value (``images: null``, all of them).

    Args:
        given: values by the names of settings.
        on_top_of: settings that apply where nothing is given; the defaults if None.
        where: file that the values come from, for messages.

    Raises:
        ConfigError: a setting does not exist, or a value has the wrong type; lists all problems.
    """
    values, problems = {}, []
    for name, value in given.items():
        known = SETTINGS.get(name)
        if known is None:
            problems.append(f"unknown setting '{name}'{suggestion(name, SETTINGS)}")
        elif value is not None or known.may_be_none:
            try:
                values[name] = _convert(known, value)
            except ValueError as problem:
                problems.append(f"{name}: {problem}")
    if problems:
        raise ConfigError("; ".join([f"{where}: " * bool(where) + problems[0], *problems[1:]]))
    return (on_top_of or Settings()).with_values(values)


def plain(value: Any) -> Any:
    """Python's own number, text or list for one of NumPy, torch or pandas; others as they are."""
    return value.tolist() if hasattr(value, "tolist") else value


def whole_number(name: str, value: Any, *, at_least: int | None = None) -> int:
    """An argument of a function as a Python number.

    Raises:
        ConfigError: it is no whole number, or it is too small.
    """
    number = plain(value)
    if type(number) is not int:
        raise ConfigError(f"{name}: expected a whole number, got {show(value)}")
    if at_least is not None and number < at_least:
        raise ConfigError(f"{name}: expected a whole number of at least {at_least}, got {number}")
    return number


def flat(document: Any, *, where: str) -> dict[str, Any]:
    """Return the settings of a configuration file by name, whether they are grouped or not.

    Args:
        document: content of the YAML file.
        where: name of the file in messages.

    Raises:
        ConfigError: the document is not a mapping, or contains a setting twice.
    """
    if not isinstance(document, dict):
        raise ConfigError(
            f"{where}: expected settings, one `name: value` a line, got {show(document)}"
        )
    found: dict[str, Any] = {}
    for key, value in document.items():
        settings = value if key in GROUPS else {key: value}
        if not isinstance(settings, dict):
            raise ConfigError(f"{where}: {key}: expected a group of settings, got {show(value)}")
        twice = found.keys() & settings.keys()
        if twice:
            raise ConfigError(f"{where}: setting '{min(map(str, twice))}' is given twice")
        found |= settings
    return {str(name): value for name, value in found.items()}


def _convert(known: Setting, value: Any) -> Any:
    value = plain(value)
    if value is None:
        return None
    if known.item_type is not None:
        return tuple(_items(known, value))
    if known.plain_type is str and isinstance(value, os.PathLike):
        value = os.fspath(value)
    if known.plain_type is str and type(value) is int:
        value = str(value)  # replicates: 3
    if known.takes_fraction and type(value) is float:
        value = str(value)  # epsilon: 0.001, as an alternative to 1/255
    if known.plain_type is float and type(value) is int:
        value = float(value)
    if type(value) is not known.plain_type or (isinstance(value, float) and not isfinite(value)):
        hint = quoting_hint(value) if known.plain_type is str else ""
        raise ValueError(f"expected {PHRASES[known.plain_type]}, got {show(value)}{hint}")
    return value


def _items(known: Setting, value: Any) -> Iterable[Any]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple):
        raise ValueError(f"expected a list, such as {known.example}, got {show(value)}")
    parts = [
        part for text in texts for part in (_split(text) if isinstance(text, str) else [text])
    ]
    return [_READERS[known.plain_type](known, plain(part)) for part in parts]


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _name(known: Setting, part: Any) -> str:
    if not isinstance(part, str):
        raise ValueError(
            f"expected names, such as {known.example}, got {show(part)}{quoting_hint(part)}"
        )
    return part


def _number(known: Setting, part: Any) -> int:
    if isinstance(part, str) and part.isdecimal():
        return int(part)
    if type(part) is not int:
        raise ValueError(
            f"expected numbers of {known.unit}, such as {known.example}, got {show(part)}"
        )
    return part


_READERS: dict[type, Callable[[Setting, Any], Any]] = {str: _name, int: _number}
