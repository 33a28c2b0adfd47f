"""The reference page of the command line, made from the commands."""

import textwrap
from collections.abc import Iterator

from evonas.cli.app import READER_GONE, make_app
from evonas.cli.end_signals import INTERRUPTED
from evonas.errors import DiskFullError, InputError, StorageError
from evonas.markdown import markdown_table

WIDTH = 120
EXIT_CODES = {
    0: "all went well; for a search also where nobody read its output",
    InputError.exit_code: "what was given is wrong, and nothing was written",
    StorageError.exit_code: "files of a run are damaged, the system refuses to read or write, or "
    "the workers of a cluster cannot be reached",
    DiskFullError.exit_code: "the disk is full, or there was too little memory: finished work is "
    "kept, and `evonas resume`, or the same command, goes on",
    129: "the terminal was closed (SIGHUP)",
    INTERRUPTED: "Ctrl-C",
    READER_GONE: "a command that only shows lost its reader, such as `head -1`",
    143: "the process was asked to end (SIGTERM)",
}
HEAD = """# Commands

This page is made from the code (`python -m docs.make`). `evonas COMMAND --help` says the same.

Every command that lists or shows takes `--json`, and then prints one JSON document and nothing
else. Tab completion for the shell in use is set up by `evonas --install-completion`. Colours are
left out where `NO_COLOR` is set, and where the output is no terminal.

## Exit codes

A message about what went wrong goes to the error output. After 75, 129, 130 and 143 a run is
whole, and goes on by `evonas resume`.
"""


def commands_page() -> str:
    """All commands with their arguments and options, as Markdown."""
    codes = [(str(code), meaning) for code, meaning in EXIT_CODES.items()]
    made = make_app().generate_docs(output_format="markdown", recursive=True)
    commands = (
        made[made.index("\n## ") :].strip().replace("*[default: None]*", "*[default: none]*")
    )
    table = markdown_table(("code", "meaning"), codes)
    return "\n".join([HEAD, table, "", *_lines(commands)]) + "\n"


def _lines(commands: str) -> Iterator[str]:
    heading = ""
    for line in commands.splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        if line.startswith("* "):
            yield from textwrap.wrap(
                line, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
            )
        elif line.startswith("evonas "):
            # cyclopts names the program that is running, which is the one that makes this page
            arguments = [
                word for word in line.split() if word.startswith(("[", "--")) or word.isupper()
            ]
            yield " ".join([heading, *arguments])
        else:
            yield line
