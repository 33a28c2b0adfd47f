"""Check the arguments of ``python -m benchmarks.NAME ...`` against the parser in its source."""

import ast
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from tests.pages.named import MODULE, path_of, source_of
from tests.pages.typed import PLACEHOLDER

FLAGS = ("store_true", "store_false", "count")


@dataclass(frozen=True)
class Argument:
    """One argument of a parser.

    Attributes:
        name: its name, with the dashes of an option.
        least: the smallest number of values.
        most: the largest number of values.
        choices: the values that it takes; none if any.
    """

    name: str
    least: int
    most: float
    choices: tuple[str, ...]


def problems_of_arguments(text: str) -> Iterator[str]:
    """Why ``python -m benchmarks.NAME FOLDER`` takes other arguments.

    A name alone is not checked, as it mentions the module.
    """
    for name, rest in MODULE.findall(text):
        if PLACEHOLDER.search(name) or (path := path_of(name)) is None:
            continue
        words = shlex.split(re.sub(r"[\[\]]", "", rest), comments=True)  # [--option]
        if words and "add_argument" in source_of(path):
            yield from _problems(name, arguments_of(source_of(path)), words)


def _problems(name: str, arguments: Sequence[Argument], words: Sequence[str]) -> Iterator[str]:
    options = {each.name: each for each in arguments if each.name.startswith("-")}
    places = [each for each in arguments if not each.name.startswith("-")]
    given, left = list[str](), list(words)
    while left:
        word = left.pop(0)
        if not word.startswith("-"):
            given.append(word)
            continue
        option, equals, _ = word.partition("=")
        room = options[option].most if option in options and not equals else 0
        while room and left and not left[0].startswith("-"):
            left.pop(0)
            room -= 1
    if is_cut := "..." in given:
        given = given[: given.index("...")]
    least, most = sum(each.least for each in places), sum(each.most for each in places)
    if len(given) > most or (len(given) < least and not is_cut):
        expected = f"{least}" if least == most else f"at least {least}"
        yield f"{name} takes {expected} arguments, not {len(given)}"
        return
    for argument, word in zip(places, given, strict=False):
        if argument.choices and not PLACEHOLDER.search(word) and word not in argument.choices:
            yield f"{name}: {argument.name} takes {', '.join(argument.choices)}, not {word}"


@cache
def arguments_of(source: str) -> tuple[Argument, ...]:
    """The arguments of a parser, in their order.

    Args:
        source: source of a module with calls of ``add_argument``.
    """
    tree = ast.parse(source)
    tables = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "add_argument"
    ]
    return tuple(
        _argument(call, word.value, tables)
        for call in sorted(calls, key=lambda call: call.lineno)
        for word in call.args
        if isinstance(word, ast.Constant) and isinstance(word.value, str)
    )


def _argument(call: ast.Call, name: str, tables: dict[str, ast.expr | None]) -> Argument:
    said = {each.arg: each.value for each in call.keywords}
    if "action" in said:
        action = said["action"]
        is_flag = not isinstance(action, ast.Constant) or action.value in FLAGS
        return Argument(name, 0, 0 if is_flag else 1, ())
    nargs = said.get("nargs")
    number = nargs.value if isinstance(nargs, ast.Constant) else 1
    least = number if isinstance(number, int) else int(number == "+")
    most = number if isinstance(number, int) else 1 if number == "?" else float("inf")
    return Argument(name, least, most, _choices(said.get("choices"), tables))


def _choices(node: ast.expr | None, tables: dict[str, ast.expr | None]) -> tuple[str, ...]:
    """Strings of a list, of the keys of a table, or of a name of either."""
    match node:
        case ast.Call(func=ast.Name(), args=[inner]):  # list(TABLE)
            return _choices(inner, tables)
        case ast.Name(name):
            return _choices(tables.get(name), {})
        case ast.Dict(keys=entries) | ast.List(elts=entries) | ast.Tuple(elts=entries):
            return tuple(
                each.value
                for each in entries
                if isinstance(each, ast.Constant) and isinstance(each.value, str)
            )
    return ()
