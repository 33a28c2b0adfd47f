"""Check what a text tells a user to type after ``evonas`` against commands and options.

A line on a page is a pattern more often than a command: ``evonas resume RUN --evaluations N``.
Words in capitals stand for anything, ``a|b`` for either, and ``...`` ends what is checked.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from inspect import getdoc
from types import NoneType
from typing import get_args

from cyclopts import App, Argument

import evonas
from evonas.cli.app import make_app
from evonas.settings import SETTINGS

PLACEHOLDER = re.compile(r"(?<![A-Za-z])[A-Z]+(?![a-z])|<\w+>")
"""RUN, FILE.yaml, cuda:N."""
ENDS = {"...", "|", ">", "&&", ";"}
TABLES = {name: known.table for name, known in SETTINGS.items() if known.table} | {"rule": "rules"}
"""The command that lists the names an option takes."""
OWN = {
    "halfway": "the rule that docs/packages.md writes",
    "margin": "its objective",
    "shapes": "its data set",
    "quantised": "the rule that examples/own_rule.ipynb writes",
}
"""Names that no table lists, and why."""
NUMBERS: Mapping[type, Callable[[str], float]] = {int: int, float: float}


@dataclass(frozen=True)
class Command:
    """A command, or ``evonas`` itself.

    Attributes:
        name: name as typed; empty for ``evonas`` itself.
        options: options by name; None for those of cyclopts, such as ``--help``.
        most: how many arguments it takes at most.
        help: its help text, with the description of its arguments.
    """

    name: str
    options: Mapping[str, Argument | None]
    most: float
    help: str


@cache
def commands() -> Mapping[str, Command]:
    """All commands by name, such as ``spaces show``; the empty name is ``evonas`` itself."""
    return {command.name: command for command in _commands(make_app(), "")}


def _commands(app: App, name: str) -> Iterator[Command]:
    options: dict[str, Argument | None] = {each: None for each in app if each.startswith("-")}
    most = 0.0
    given = app.assemble_argument_collection() if app.default_command else ()
    for argument in given:
        for each in argument.names:
            if each.startswith("-"):
                options[each] = argument
        if argument.field_info.is_positional and not argument.children:
            most += float("inf") if argument.token_count()[1] else 1
    yield Command(name, options, most, getdoc(app.default_command) or app.help)
    for each in app:
        if not each.startswith("-"):
            yield from _commands(app[each], f"{name} {each}".strip())


def problems_of_line(words: Sequence[str]) -> list[str]:
    """Problems of a command line.

    Args:
        words: words after ``evonas``.
    """
    words = _checked(words)
    if not words or PLACEHOLDER.search(words[0]):
        return []
    name = ""
    while words and (longer := f"{name} {words[0]}".strip()) in commands():
        name, words = longer, words[1:]
    if not name and not words[0].startswith("-"):
        return [f"no command '{words[0]}'"]
    return list(_problems(commands()[name], words))


def problems_of_options(words: Sequence[str]) -> list[str]:
    """Problems of options without a command: none if some command takes them all."""
    words = _checked(words)
    options = [word.partition("=")[0] for word in words if word.startswith("--")]
    having = [each for each in commands().values() if each.options.keys() >= set(options)]
    if not having:
        return [f"no command has {' and '.join(options)}"]
    # no arguments are allowed, as there is no command that could take them
    return min((list(_problems(replace(each, most=0), words)) for each in having), key=len)


def has_option(name: str) -> bool:
    """Whether any command has the option."""
    return any(name in command.options for command in commands().values())


def _checked(words: Sequence[str]) -> list[str]:
    """The words up to the end of the command, without brackets around optional ones."""
    found = list[str]()
    for place, word in enumerate(words):
        if word in ENDS:
            # RUN --evaluations N | --generations N
            if word == "|" and "".join(words[place + 1 : place + 2]).startswith("-"):
                continue
            break
        found.append(re.sub(r"^\[(.+)\]$", r"\1", word))
    return found


def _problems(command: Command, words: Sequence[str]) -> Iterator[str]:
    place = f"evonas {command.name}".strip()
    arguments, left = 0, list(words)
    while left:
        word = left.pop(0)
        if not word.startswith("-") or word == "-":
            arguments += 1
            continue
        option, equals, value = word.partition("=")
        if option not in command.options:
            yield f"{place} has no option {option}"
            if left and not left[0].startswith("-"):
                left.pop(0)
            continue
        argument = command.options[option]
        kinds = _kinds(argument)
        if argument is None or bool in kinds:
            continue
        values = [value] if equals else []
        while not equals and left and not left[0].startswith("--"):
            values.append(left.pop(0))
            if not argument.parameter.consume_multiple:
                break
        for each in values:
            yield from _problems_of_value(argument, option, each)
    if arguments > command.most:
        yield f"{place} takes {command.most:g} arguments, not {arguments}"


def _kinds(argument: Argument | None) -> set[object]:
    if argument is None:
        return set()
    return set(get_args(argument.hint) or (argument.hint,)) - {NoneType}


def _problems_of_value(argument: Argument, option: str, value: str) -> Iterator[str]:
    name = SETTING_OF.get(option, option.lstrip("-").replace("-", "_"))
    setting = SETTINGS.get(name)
    choices = argument.get_choices() or (setting.choices if setting else ())
    (kind,) = kinds if len(kinds := _kinds(argument)) == 1 else (None,)
    for each in value.split("|"):
        if PLACEHOLDER.search(each):
            continue
        if choices and each not in choices:
            yield f"{option} takes {', '.join(choices)}, not {each}"
        if isinstance(kind, type) and kind in NUMBERS:
            try:
                NUMBERS[kind](each)
            except ValueError:
                yield f"{option} takes a number, not {each}"
        if name in TABLES:
            for one in _names(each):
                if one not in _available(TABLES[name]) and one not in OWN:
                    yield f"{option}: evonas {TABLES[name]} does not list {one}"


SETTING_OF = {
    option: name
    for name, known in SETTINGS.items()
    for option in (f"--{known.option}", f"--{known.also}")
    if option != "--"
}
"""Settings by option, where the names differ."""


def _names(value: str) -> list[str]:
    """The names in a list such as ``kp,local(beta=0.99),...``, without files and functions."""
    names = re.sub(r"\(.*?\)", "", value).split(",")
    return [each for each in names if each != "..." and not re.search(r"[:/]|\.yaml$", each)]


@cache
def _available(table: str) -> set[str]:
    return set(evonas.available(table).index)
