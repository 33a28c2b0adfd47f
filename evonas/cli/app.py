"""The commands, and what becomes of an error: one message, its exit code, no traceback.

Modules that import torch are imported inside the commands: ``evonas --help`` answers at once.
"""

import sys
from contextlib import suppress

from cyclopts import App, CycloptsError, Parameter, UnknownOptionError

from evonas.api.terminal.console import ReaderGoneError, showing
from evonas.api.terminal.output import discard
from evonas.cli import commands
from evonas.cli.catalogue import commands as catalogue
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
from evonas.cli.reporting.commands import plot, report, table
from evonas.cli.run_command import confirm, resume, run
from evonas.cli.upkeep import commands as upkeep
from evonas.cli.versions import versions
from evonas.errors import DiskFullError, EvonasError, InputError, StorageError
from evonas.study.upkeep.full_disk import FULL
from evonas.synonyms import synonym

READER_GONE = 141  # the shell's code for a process that wrote to a pipe that nobody reads
UNWRITTEN = StorageError.exit_code


def make_app() -> App:
    """All commands, in the order of ``evonas --help``."""
    app = App(
        name="evonas",
        help="Evolutionary search for architectures and the learning rules that train them.",
        version=versions,
        help_format="plaintext",
        console=showing(),
        default_parameter=Parameter(negative=(), show_env_var=False, allow_repeating=True),
    )
    spaces = App(name="spaces", help="List, show and check search spaces.", sort_key=3)
    spaces.default(catalogue.spaces)
    spaces.command(catalogue.spaces, name="list")
    spaces.command(catalogue.show_space, name="show")
    spaces.command(catalogue.check_space, name="check")
    spaces.command(catalogue.space_schema, name="schema")
    rules = App(name="rules", help="List and show learning rules.", sort_key=4)
    rules.default(catalogue.rules)
    rules.command(catalogue.rules, name="list")
    rules.command(catalogue.show_rule, name="show")
    data = App(name="data", help="Look at a data set before a search.", sort_key=7.5)
    data.command(check_data, name="check")
    data.command(catalogue.datasets, name="list")
    app.command(commands.init, sort_key=-1)
    app.command(run, sort_key=0, synonym=("search", "start"))
    app.command(resume, sort_key=1, synonym=("continue", "restart"))
    app.command(confirm, sort_key=1.5)
    app.command(commands.front, sort_key=2, synonym=("pareto", "results"))
    app.command(commands.show, sort_key=2.5)
    app.command(report, sort_key=2.511)
    app.command(plot, sort_key=2.512)
    app.command(table, sort_key=2.513)
    app.command(train, sort_key=2.52, synonym=("fit", "retrain"))
    app.command(export, sort_key=2.53)
    app.command(predict, sort_key=2.54, synonym=("infer", "classify"))
    app.command(recipes, sort_key=7.5)
    app.command(reproduce, sort_key=2.545)
    app.command(attack, sort_key=2.55)
    app.command(ablate, sort_key=2.6)
    app.command(analyse, sort_key=2.7)
    app.command(upkeep.status, sort_key=2.8)
    app.command(upkeep.ls, sort_key=2.81, synonym=("list", "runs"))
    app.command(upkeep.log, sort_key=2.815)
    app.command(upkeep.verify, sort_key=2.82)
    app.command(upkeep.repair, sort_key=2.83)
    app.command(upkeep.backup, sort_key=2.84)
    app.command(spaces)
    app.command(rules)
    app.command(catalogue.objectives, sort_key=5)
    app.command(catalogue.algorithms, sort_key=6, synonym=("engines", "strategies"))
    app.command(catalogue.datasets, sort_key=7)
    app.command(data)
    app.command(bench, sort_key=8)
    app.command(compare, sort_key=9)
    app.command(commands.doctor, sort_key=10, synonym=("info", "env", "check"))
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
    except UnknownOptionError as problem:
        _tell(_unknown_option(problem))
        return InputError.exit_code
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


def _unknown_option(problem: UnknownOptionError) -> str:
    """The message, with the option that does what the unknown one does in other tools."""
    word = (problem.token.keyword or problem.token.value).partition("=")[0]
    known = [name for argument in problem.argument_collection for name in argument.names]
    meant = synonym(word, known)
    return str(problem) if meant is None else f"Unknown option: {word}. Did you mean {meant}?"


def _tell(problem: object) -> None:
    # plain print: a path or a genome may hold square brackets, which rich would read as markup
    with suppress(OSError, ValueError):  # where nobody reads it, the exit code says enough
        print(f"evonas: {problem}", file=sys.stderr)
