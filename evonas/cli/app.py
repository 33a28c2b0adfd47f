"""The commands, and what becomes of an error: one message, its exit code, no traceback.

Modules that import torch are imported inside the commands: ``evonas --help`` answers at once.
"""

import signal
import sys
import warnings
from typing import Annotated

import typer
from rich.console import Console

from evonas import __version__
from evonas.cli import commands, measuring
from evonas.errors import EvonasError, StorageError

INTERRUPTED = 130  # the shell's code for a process ended by Ctrl-C
TERMINATED = 143  # and for one that was asked to end
UNWRITTEN = StorageError.exit_code


def make_app() -> typer.Typer:
    """All commands, in the order of ``evonas --help``."""
    app = typer.Typer(
        help="Evolutionary search for architectures and the learning rules that train them.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    app.command("run")(commands.run)
    app.command("resume")(commands.resume)
    app.command("front")(commands.front)
    app.command("doctor")(commands.doctor)
    spaces = typer.Typer(help="List, show and check search spaces.", invoke_without_command=True)
    spaces.callback()(commands.spaces)
    spaces.command("list")(commands.spaces_list)
    spaces.command("show")(commands.spaces_show)
    spaces.command("check")(commands.spaces_check)
    app.add_typer(spaces, name="spaces")
    rules = typer.Typer(help="List and show learning rules.", invoke_without_command=True)
    rules.callback()(commands.rules)
    rules.command("list")(commands.rules_list)
    rules.command("show")(commands.rules_show)
    app.add_typer(rules, name="rules")
    app.command("objectives")(commands.objectives)
    app.command("algorithms")(measuring.algorithms)
    app.command("bench")(measuring.bench)
    app.command("compare")(measuring.compare)
    return app


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    # what was asked to end has nothing to say about the tasks of its pool
    warnings.filterwarnings("ignore", message=r"\d+ tasks which were still being processed")
    # leave through every `finally`, as after Ctrl-C; what was told is in the journal either way
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        make_app()(args=arguments)
    except EvonasError as problem:
        # plain print: a path or a genome may hold square brackets, which rich would read as markup
        print(f"evonas: {problem}", file=sys.stderr)
        sys.exit(problem.exit_code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # the reader of our output has gone (evonas front | head): nothing is left to say
        sys.stderr.close()
        sys.exit(0)
    except OSError as problem:
        # a full disk, a folder without permission: what the journal holds is not touched by it
        where = f"{problem.filename}: " if problem.filename is not None else ""
        print(f"evonas: {where}{problem.strerror or problem}", file=sys.stderr)
        sys.exit(UNWRITTEN)


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        Console().print(__version__, highlight=False)
        raise typer.Exit


def _root(
    _: Annotated[
        bool,
        # eager: it answers before a missing command is noticed
        typer.Option(
            "--version",
            help="Print the version and leave.",
            callback=_print_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    pass
