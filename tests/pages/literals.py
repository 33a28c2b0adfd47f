"""Find commands in messages, help texts and docstrings of the code."""

import ast
import re
from collections.abc import Iterator

from tests.pages.named import OPTION, problems_of_modules
from tests.pages.typed import PLACEHOLDER, commands, has_option, problems_of_line

NAMED = re.compile(r"(?<![\w./@-])evonas (?=([a-z][\w-]*.*))")
MARKED = re.compile(r"`evonas ([^`]+)`")
PROSE = {
    "and", "authors", "cannot", "content", "itself", "or", "reads", "search", "would",
}  # fmt: skip
"""Words that follow the name of the package in prose of a message."""
OTHERS = {"--logdir": "an option of TensorBoard, in the help of evonas mirror"}
"""Options of other programs, and why a text of evonas has them."""


def texts_of(source: str) -> Iterator[tuple[int, str, bool]]:
    """The texts of a module: line, text, and whether it is a docstring.

    Values filled in at run time appear as <FIELD>.
    """
    whole, docstrings, parts = list[ast.JoinedStr | ast.Constant](), set[int](), set[int]()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant()):
                docstrings.add(id(node.value))
            case ast.JoinedStr():
                whole.append(node)
                parts |= {id(part) for part in node.values}
            case ast.Constant(value=str()):
                whole.append(node)
    for text in whole:
        if isinstance(text, ast.Constant):
            if id(text) not in parts:
                yield text.lineno, str(text.value), id(text) in docstrings
        else:
            yield text.lineno, "".join(_shown(part) for part in text.values), False


def _shown(part: ast.expr) -> str:
    return str(part.value) if isinstance(part, ast.Constant) else "<FIELD>"


def problems_of_text(text: str, *, is_prose: bool = False) -> list[str]:
    """The commands and options of a text that do not exist.

    Args:
        text: what a user reads.
        is_prose: whether it often mentions the package, so that only backticks mark commands.
    """
    found = list[str]()
    for paragraph in text.split("\n\n"):
        line = " ".join(paragraph.split())
        found += problems_of_modules(line)
        for rest in (MARKED if is_prose else NAMED).findall(line):
            words = _words(rest)
            if is_prose or words[0] not in PROSE:
                found += problems_of_line(words)
        options = [] if "python -m" in line else OPTION.findall(line)
        found += [
            f"no command has {option}"
            for option in options
            if option not in OTHERS and not has_option(option)
        ]
    return found


def _words(rest: str) -> list[str]:
    """The command at the beginning of a sentence: its name, options and placeholders."""
    found = list[str]()
    takes_value = False
    for word in rest.split():
        bare = word.rstrip(".,;:)}`'?\"")
        is_name = " ".join([*found, bare]) in commands()
        if found and not (is_name or takes_value or bare[:2] == "--" or PLACEHOLDER.search(bare)):
            break
        found.append(bare)
        takes_value = bare.startswith("--") and "=" not in bare
        if bare != word:
            break
    return found
