"""The commands, and what becomes of an error: one message, its exit code, no traceback.

Modules that import torch are imported inside the commands: ``evonas --help`` answers at once.
"""

import sys
from contextlib import suppress

from cyclopts import App, CycloptsError, Parameter

import evonas
from evonas.api.terminal.console import ReaderGoneError, showing
from evonas.api.terminal.output import discard
from evonas.cli import commands
from evonas.cli.end_signals import INTERRUPTED, EndSignals
from evonas.cli.examining.ablate import ablate
from evonas.cli.examining.analyse import analyse
from evonas.cli.examining.attack import attack
from evonas.cli.examining.data import check as check_data
from evonas.cli.final.export import export
from evonas.cli.final.predict import predict
from evonas.cli.final.reproduce import reproduce
from evonas.cli.final.train import recipes, train
from evonas.cli.measuring.commands import bench, compare
from evonas.cli.run_command import confirm, resume, run
from evonas.cli.upkeep import commands as upkeep
from evonas.errors import DiskFullError, EvonasError, InputError, StorageError
from evonas.study.upkeep.full_disk import FULL

READER_GONE = 141  # the shell's code for a process that wrote to a pipe that nobody reads
UNWRITTEN = StorageError.exit_code


def make_app() -> App:
    """All commands, in the order of ``evonas --help``."""
    app = App(
        name="evonas",
        help="Evolutionary search for architectures and the learning rules that train them.",
        version=lambda: evonas.__version__,
        help_format="plaintext",
        console=showing(),
        default_parameter=Parameter(negative=(), show_env_var=False, allow_repeating=True),
    )
    spaces = App(name="spaces", help="List, show and check search spaces.", sort_key=3)
    spaces.default(commands.spaces)
    spaces.command(commands.spaces, name="list")
    spaces.command(commands.show_space, name="show")
    spaces.command(commands.check_space, name="check")
    spaces.command(commands.space_schema, name="schema")
    rules = App(name="rules", help="List and show learning rules.", sort_key=4)
    rules.default(commands.rules)
    rules.command(commands.rules, name="list")
    rules.command(commands.show_rule, name="show")
    data = App(name="data", help="Look at a data set before a search.", sort_key=7.5)
    data.command(check_data, name="check")
    data.command(commands.datasets, name="list")
    app.command(run, sort_key=0)
    app.command(resume, sort_key=1)
    app.command(confirm, sort_key=1.5)
    app.command(commands.front, sort_key=2)
    app.command(commands.show, sort_key=2.5)
    app.command(train, sort_key=2.52)
    app.command(export, sort_key=2.53)
    app.command(predict, sort_key=2.54)
    app.command(recipes, sort_key=7.5)
    app.command(reproduce, sort_key=2.545)
    app.command(attack, sort_key=2.55)
    app.command(ablate, sort_key=2.6)
    app.command(analyse, sort_key=2.7)
    app.command(upkeep.status, sort_key=2.8)
    app.command(upkeep.ls, sort_key=2.81)
    app.command(upkeep.log, sort_key=2.815)
    app.command(upkeep.verify, sort_key=2.82)
    app.command(upkeep.repair, sort_key=2.83)
    app.command(upkeep.backup, sort_key=2.84)
    app.command(spaces)
    app.command(rules)
    app.command(commands.objectives, sort_key=5)
    app.command(commands.algorithms, sort_key=6)
    app.command(commands.datasets, sort_key=7)
    app.command(data)
    app.command(bench, sort_key=8)
    app.command(compare, sort_key=9)
    app.command(commands.doctor, sort_key=10)
    app.register_install_completion_command(name="--install-completion")
    return app


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    signals = EndSignals()
    signals.listen()
    try:
        code: object = _run(arguments)
    except SystemExit as end:
        code = end.code
    except KeyboardInterrupt:
        code = INTERRUPTED
    # whatever came of it, a process that was asked to end says so
    sys.exit(code if signals.code is None else signals.code)  # type: ignore[arg-type]


def _run(arguments: list[str] | None) -> int:
    try:
        make_app()(arguments, exit_on_error=False, print_error=False)
    except CycloptsError as problem:
        _tell(problem)
        return InputError.exit_code
    except EvonasError as problem:
        _tell(problem)
        return problem.exit_code
    except ReaderGoneError:
        # evonas front | head: nothing is left to say; a search would have gone on to its end
        discard(sys.stdout)
        return READER_GONE
    except OSError as problem:
        # a full disk, a folder without permission: what the journal holds is not touched by it
        where = f"{problem.filename}: " if problem.filename is not None else ""
        _tell(f"{where}{problem.strerror or problem or type(problem).__name__}")
        return DiskFullError.exit_code if problem.errno in FULL else UNWRITTEN
    return 0


def _tell(problem: object) -> None:
    # plain print: a path or a genome may hold square brackets, which rich would read as markup
    with suppress(OSError, ValueError):  # where nobody reads it, the exit code says enough
        print(f"evonas: {problem}", file=sys.stderr)
