"""Check that Python names, modules and files named in a text exist."""

import importlib
import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import evonas
from evonas.settings import SETTINGS
from tests.pages.reader import GROUPS
from tests.pages.typed import PLACEHOLDER

ROOT = Path(__file__).parents[2]
DOTTED = re.compile(r"(?<![\w./-])evonas((?:\.[A-Za-z_]\w*)+)(?:\((.*)\))?")
KEYWORD = re.compile(r"(?:^|, *)(\w+)=")
MODULE = re.compile(r"python -m ((?:benchmarks|docs|tests|evonas)\b[\w.]*\w)([^`]*)")
OPTION = re.compile(r"(?<![\w-])--[a-z][\w-]*")
PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)+/?|\w+/")
FOLDERS = ("evonas", "rules", "benchmarks", "tests", "docs", "search_spaces", "examples", ".ci")
FILES = (".py", ".md", ".yaml", ".csv")


def problems_of_python(text: str) -> Iterator[str]:
    """Why names such as ``evonas.attack(network, level=)`` cannot be used."""
    for match in DOTTED.finditer(text):
        name = "evonas" + match[1]
        if name in GROUPS:  # of entry points
            continue
        try:
            found = _resolved(name)
        except (AttributeError, ImportError):
            yield f"there is no {name}"
            continue
        if not _is_public(name, found):
            yield f"{name} is not public"
        if match[2]:
            yield from _unknown_keywords(name, found, match[2])


def _resolved(name: str) -> object:
    parts = name.split(".")
    found: object = evonas
    for place, part in enumerate(parts[1:], 2):
        try:
            found = getattr(found, part)
        except AttributeError:
            # evonas.search is a function, and the package of evonas.search.base
            found = importlib.import_module(".".join(parts[:place]))
    return found


def _is_public(name: str, found: object) -> bool:
    _, *parts = name.split(".")
    if len(parts) == 1 and not isinstance(found, ModuleType):
        return parts[0] in evonas.__all__
    return not any(part.startswith("_") for part in parts)


def _unknown_keywords(name: str, function: object, given: str) -> Iterator[str]:
    assert callable(function), name
    parameters = inspect.signature(function).parameters
    takes_settings = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    for keyword in KEYWORD.findall(given):
        if keyword not in parameters and not (takes_settings and keyword in SETTINGS):
            yield f"{name} has no argument {keyword}"


def problems_of_modules(text: str, *, with_options: bool = True) -> Iterator[str]:
    """Why ``python -m benchmarks.NAME --option`` cannot be typed."""
    for name, rest in MODULE.findall(text):
        if PLACEHOLDER.search(name):
            continue
        path = path_of(name)
        if path is None:
            yield f"there is no module {name}"
        elif with_options:
            for option in OPTION.findall(rest):
                if f'"{option}"' not in source_of(path):
                    yield f"{name} has no option {option}"


def path_of(module: str) -> Path | None:
    path = ROOT / module.replace(".", "/")
    files = (path.with_suffix(".py"), path / "__main__.py")
    return next((file for file in files if file.exists()), None)


@cache
def source_of(path: Path) -> str:
    """Source of a runnable module and of the neighbouring modules that it imports."""
    text = path.read_text(encoding="utf-8")
    imported = re.findall(rf"^from ({path.parent.name}\.[\w.]+) import", text, re.MULTILINE)
    return "\n".join([text, *(source_of(each) for name in imported if (each := path_of(name)))])


def problems_of_file(text: str, folder: Path) -> Iterator[str]:
    """Why a text that looks like a file of this repository names none.

    Args:
        text: the text between the backticks.
        folder: folder of the page.
    """
    if not PATH.fullmatch(text) or PLACEHOLDER.search(text):
        return
    is_ours = text.startswith(tuple(f"{each}/" for each in FOLDERS)) or text.endswith(FILES)
    if is_ours and not any((top / text).exists() for top in (ROOT, ROOT / "evonas", folder)):
        yield f"there is no {text}"
