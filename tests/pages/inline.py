"""Find code in the running text of a page, and its problems."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from markdown_it import MarkdownIt

from tests.pages.arguments import problems_of_arguments
from tests.pages.blocks import blocks_of
from tests.pages.named import problems_of_file, problems_of_modules, problems_of_python
from tests.pages.typed import commands, problems_of_line, problems_of_options

OTHERS = {
    "--candidates": "what other tools call --evaluations; the changelog says that it is told",
    "--option=-1": "how a negative number is given to any option",
}
"""Options that no command has, and why a page mentions them."""


def inline_codes(text: str) -> Iterator[tuple[int, str]]:
    """Texts between backticks in running text and tables, with the lines where they begin."""
    for token in MarkdownIt().enable("table").parse(text):
        assert token.children is None or token.map is not None
        for child in token.children or ():
            if child.type == "code_inline" and token.map is not None:
                yield token.map[0] + 1, child.content


def problems_of_inline(text: str, folder: Path) -> list[str]:
    """Problems of a reader who types the text between two backticks.

    Args:
        text: the text between the backticks.
        folder: folder of the page.
    """
    found = [
        *problems_of_python(text), *problems_of_modules(text), *problems_of_arguments(text),
        *problems_of_file(text, folder),
    ]  # fmt: skip
    if text.startswith("evonas "):
        found += problems_of_line(shlex.split(text)[1:])
    elif text.startswith("--") and text not in OTHERS:
        found += problems_of_options(shlex.split(text))
    elif re.match(r"([a-z]+) .*--[a-z]", text) and text.split()[0] in commands():
        found += problems_of_line(shlex.split(text))
    return found


def problems_of_page(text: str, folder: Path) -> list[str]:
    """Everything that a page names but does not exist, with line numbers."""
    found = [
        f"line {line}: `{code}`: {problem}"
        for line, code in inline_codes(text)
        for problem in problems_of_inline(code, folder)
    ]
    for block in blocks_of(text):
        for command in block.commands:
            problems = [
                *problems_of_modules(command.text), *problems_of_arguments(command.text)
            ]  # fmt: skip
            if command.words[0] == "evonas":
                problems += problems_of_line(command.words[1:])
            found += [f"line {block.line}: {command.text}: {problem}" for problem in problems]
    return found
