"""Read and write YAML as plain data, without its surprises.

PyYAML's safe loader reads it; aliases, tags, repeated keys and numbers such as ``12:30`` are
refused.
"""

import re
from collections.abc import Hashable
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from evonas.errors import InputError, SpaceError

MAX_FILE_BYTES = 2**20

# PyYAML writes these characters unescaped, but reads them as line ends, or not at all
_BREAKS = "\x85\u2028\u2029\ufeff"


class _StrictLoader(yaml.SafeLoader):
    """PyYAML's safe loader without aliases and tags.

    A few bytes of aliases can fill the memory; tags make other types than those of JSON, and some
    of their constructors fail with errors that are not YAML's.
    """

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.constructor.ConstructorError(
                None, None, "aliases (*name) are not allowed", event.start_mark
            )
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if (tag := getattr(event, "tag", None)) is not None:
            short = tag.replace("tag:yaml.org,2002:", "!!")
            raise yaml.constructor.ConstructorError(
                None, None, f"tags such as {short} are not allowed", event.start_mark
            )
        return super().compose_node(parent, index)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        number = super().construct_object(node, deep=deep)
        if (
            isinstance(node, yaml.ScalarNode)
            and ":" in node.value
            and type(number) in (int, float)
        ):
            raise yaml.constructor.ConstructorError(
                None,
                None,
                f"{node.value} would be read as the number {number}; quote it: '{node.value}'",
                node.start_mark,
            )
        return number

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key '{key}' is given twice", key_node.start_mark
                )
            if isinstance(key, Hashable):
                seen.add(key)
        return super().construct_mapping(node, deep=deep)


class _StrictDumper(yaml.SafeDumper):
    """PyYAML's safe dumper; it quotes texts that the loader would read as numbers."""


# YAML 1.1 requires a point in numbers with an exponent, but 1e-3 is never meant as a text
for _yaml in (_StrictLoader, _StrictDumper):
    _yaml.add_implicit_resolver(
        "tag:yaml.org,2002:float",
        re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"),
        list("-+.0123456789"),
    )


def dump_yaml(document: Any) -> str:
    """Return plain lists, mappings and scalars as YAML that :func:`parse_yaml` reads back."""
    text = yaml.dump(document, Dumper=_StrictDumper, sort_keys=False, allow_unicode=True)
    if any(sign in text for sign in _BREAKS):
        text = yaml.dump(document, Dumper=_StrictDumper, sort_keys=False)
    return text


def quoting_hint(value: Any) -> str:
    """Explain how to quote a text that YAML read as another type; empty for other mistakes."""
    if isinstance(value, bool):
        words = "yes, on and true" if value else "no, off and false"
        return f"; YAML reads {words} like that; to keep the word, quote it"
    if isinstance(value, int | float | date):
        return "; to make it a text, quote it"
    return ""


def read_yaml(path: Path, *, error: type[InputError] = SpaceError) -> Any:
    """Read a YAML file as plain lists, mappings and scalars.

    Raises:
        InputError: of class ``error``, if the file cannot be read or is not YAML.
    """
    return parse_yaml(read_text(path, error=error), where=str(path), error=error)


def read_text(path: Path, *, error: type[InputError] = SpaceError) -> str:
    """Read a text file of at most ``MAX_FILE_BYTES``.

    Raises:
        InputError: of class ``error``, if the file cannot be read, is too large or is not UTF-8.
    """
    try:
        size_bytes = path.stat().st_size
        if size_bytes > MAX_FILE_BYTES:
            raise error(f"{path}: expected at most {MAX_FILE_BYTES} bytes, got {size_bytes}")
        return path.read_text(encoding="utf-8")
    except OSError as problem:
        raise error(f"{path}: cannot be read: {problem.strerror}") from problem
    except UnicodeDecodeError as problem:
        raise error(f"{path}: expected UTF-8 text: {problem}") from problem


def parse_yaml(text: str, *, where: str, error: type[InputError] = SpaceError) -> Any:
    """Read YAML from a text, as :func:`read_yaml` does; ``where`` is its name in messages."""
    try:
        return yaml.load(text, Loader=_StrictLoader)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        reason = getattr(problem, "problem", None) or str(problem).splitlines()[0]
        raise error(f"{where}{line}: not valid YAML: {reason}") from problem
    except (ValueError, RecursionError) as problem:  # 2000-13-45 as a date, deeply nested lists
        raise error(f"{where}: not valid YAML: {problem}") from problem
