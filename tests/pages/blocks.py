"""Parse the code blocks of a page, and the marks that say whether to run them.

Marks are comments before a block, which are invisible on the rendered page:

    <!-- not run: REASON -->              nothing of the block is run
    <!-- not run, `WORDS`: REASON -->     the commands of the block with these words are not run
    <!-- file: NAME -->                   the block is a file of this name, which later blocks use
"""

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from markdown_it import MarkdownIt

Kind = Literal["python", "commands", "yaml", "toml", "text"]
FENCED: dict[str, Kind] = {
    "python": "python", "yaml": "yaml", "toml": "toml", "console": "commands", "bash": "commands",
    "sh": "commands",
}  # fmt: skip
PROGRAMS = (
    "evonas", "pip", "python", "pytest", "ruff", "mypy", "lint-imports", "mkdocs", "dask",
    "compute-sanitizer",
)  # fmt: skip
"""First words of commands: indented blocks do not name their language."""
OPERATORS = set(";&|>()")
COMMENT = re.compile(r"<!-- *(not run|file)\b(?:, *`(.+?)`)? *:? *(.*?) *-->", re.DOTALL)
ASSIGNMENT = re.compile(r"[A-Z_]+=")


@dataclass(frozen=True)
class Mark:
    """A mark about the block that follows it.

    Attributes:
        word: ``not run`` or ``file``.
        part: words of the commands it applies to; empty for the whole block.
        text: the reason, or the name of the file; empty if missing.
    """

    word: str
    part: str
    text: str


@dataclass(frozen=True)
class Command:
    """A program and its arguments.

    Attributes:
        words: words as the shell would pass them.
        into: file to which the output is redirected; empty for none.
    """

    words: tuple[str, ...]
    into: str = ""

    @property
    def text(self) -> str:
        """The words, joined by spaces."""
        return " ".join(self.words)


@dataclass(frozen=True)
class Block:
    """A block of code.

    Attributes:
        line: number of its first line on the page, from 1.
        kind: language of the block.
        text: text without indentation or fences.
        marks: marks directly before it.
    """

    line: int
    kind: Kind
    text: str
    marks: tuple[Mark, ...] = ()

    @property
    def commands(self) -> list[Command]:
        """The commands of the block; empty for other kinds."""
        return commands_of(self.text) if self.kind == "commands" else []

    @property
    def file(self) -> str | None:
        """Name of the file whose content the block is; None if it is not a file."""
        return next((mark.text for mark in self.marks if mark.word == "file"), None)

    @property
    def is_left_out(self) -> bool:
        """Whether nothing of the block is run."""
        return any(mark.word == "not run" and not mark.part for mark in self.marks)

    def leaves_out(self, command: Command) -> bool:
        """Whether this command is not run."""
        return self.is_left_out or any(
            mark.part and mark.part in command.text for mark in self.marks
        )


def blocks_of(text: str) -> list[Block]:
    """All blocks of a Markdown page, in order."""
    found, marks = list[Block](), list[Mark]()
    for token in MarkdownIt().parse(text):
        if token.type == "html_block":
            marks += [Mark(*each) for each in COMMENT.findall(token.content)]
        elif token.type in ("fence", "code_block"):
            assert token.map is not None
            info = token.info.split()
            kind = FENCED.get(info[0], "text") if info else _guessed(token.content)
            found.append(Block(token.map[0] + 1, kind, token.content, tuple(marks)))
            marks = []
        else:
            marks = []
    return found


def commands_of(text: str) -> list[Command]:
    """Parse the commands of a shell text, without comments."""
    found = list[Command]()
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.shlex(line, posix=True, punctuation_chars=True)
        words.whitespace_split = True
        parts = [(key, tuple(part)) for key, part in groupby(words, _is_operator)]
        operator = ""
        for is_operator, part in parts:
            if is_operator:
                operator = "".join(part)
            elif operator == ">":
                found[-1] = Command(found[-1].words, part[0])
            else:
                while ASSIGNMENT.match(part[0]):
                    part = part[1:]
                found.append(Command(part))
    return found


def _is_operator(word: str) -> bool:
    return set(word) <= OPERATORS


def problems_of(block: Block, run_elsewhere: Iterable[Command]) -> list[str]:
    """Find missing or wrong marks: every block must be run, or correctly marked as not run.

    Args:
        block: block of a page.
        run_elsewhere: commands that are run elsewhere, such as in continuous integration.
    """
    found = list[str]()
    for mark in block.marks:
        if not mark.text:
            found.append(f"'{mark.word}' has no reason or name")
        if mark.part and all(mark.part not in command.text for command in block.commands):
            found.append(f"no command has the words {mark.part!r}")
    if block.kind == "text" and not block.is_left_out and block.file is None:
        found.append("neither run nor marked: <!-- not run: REASON -->")
    known = {command.words for command in run_elsewhere}
    for command in block.commands:
        runs = command.words[0] == "evonas" or command.words in known
        if not runs and not block.leaves_out(command):
            found.append(f"neither run nor marked: {command.text}")
    return found


def _guessed(text: str) -> Kind:
    first = next(word for word in text.split() if not ASSIGNMENT.match(word))
    if first in PROGRAMS:
        return "commands"
    if first.startswith("["):
        return "toml"
    try:
        compile(text, "block", "exec")
    except SyntaxError:
        return "text"
    return "python"
