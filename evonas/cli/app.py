"""The commands, and error handling: one message, its exit code, no traceback.

Modules that import torch are imported inside the commands, so ``evonas --help`` is fast.
"""

import sys
from collections.abc import Callable
from contextlib import suppress

from cyclopts import App, CycloptsError, Group, Parameter, UnknownOptionError

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
from evonas.cli.measuring.forecast import forecast
from evonas.cli.reporting.commands import plot, report, table
from evonas.cli.reporting.mirror import mirror
from evonas.cli.run_command import confirm, resume, run
from evonas.cli.upkeep import commands as upkeep
from evonas.cli.versions import versions
from evonas.errors import DiskFullError, EvonasError, InputError, StorageError
from evonas.study.upkeep.full_disk import FULL
from evonas.synonyms import synonym

READER_GONE = 141  # the shell's code for a broken pipe
UNWRITTEN = StorageError.exit_code
OUT_OF_MEMORY = DiskFullError.exit_code


Command = Callable[..., None] | App


def make_app() -> App:
    """All commands, in the order of ``evonas --help``."""
    app = App(
        name="evonas",
        help="Evolutionary search for architectures and the learning rules that train them.",
        version=versions,
        help_format="plaintext",
        group_commands=Group("This program", sort_key=99),
        console=showing(),
        default_parameter=Parameter(negative=(), show_env_var=False, allow_repeating=True),
    )
    number = 0
    for place, (title, listed) in enumerate(_panels().items()):
        panel = Group(title, sort_key=place)
        for command in listed:
            number += 1
            if isinstance(command, App):
                command.group, command.sort_key = panel, number
                app.command(command)
            else:
                known_as = SYNONYMS_OF_COMMANDS.get(command.__name__, ())
                app.command(command, group=panel, sort_key=number, synonym=known_as)
    app.register_install_completion_command(name="--install-completion")
    return app


SYNONYMS_OF_COMMANDS = {
    "run": ("search", "start"),
    "resume": ("continue", "restart"),
    "front": ("pareto", "results"),
    "mirror": ("track", "tensorboard", "mlflow", "optuna"),
    "train": ("fit", "retrain"),
    "predict": ("infer", "classify"),
    "ls": ("list", "runs"),
    "algorithms": ("engines", "strategies"),
    "forecast": ("estimate", "dry-run", "profile"),
    "doctor": ("info", "env", "check"),
}
"""Names of commands in other tools; a user who types one is told ours."""


def _panels() -> dict[str, tuple[Command, ...]]:
    spaces = App(name="spaces", help="List, show and check search spaces.")
    spaces.default(catalogue.spaces)
    spaces.command(catalogue.spaces, name="list")
    spaces.command(catalogue.show_space, name="show")
    spaces.command(catalogue.check_space, name="check")
    spaces.command(catalogue.space_schema, name="schema")
    rules = App(name="rules", help="List and show learning rules.")
    rules.default(catalogue.rules)
    rules.command(catalogue.rules, name="list")
    rules.command(catalogue.show_rule, name="show")
    data = App(name="data", help="Inspect a data set before a search.")
    data.command(check_data, name="check")
    data.command(catalogue.datasets, name="list")
    return {
        "Search": (commands.init, forecast, run, resume, confirm),
        "Inspect a run": (commands.front, commands.show, report, plot, table, mirror),
        "Examine its networks": (attack, ablate, analyse),
        "Train and export a network": (train, export, predict, reproduce),
        "Maintain runs": (
            upkeep.status, upkeep.ls, upkeep.log, upkeep.verify, upkeep.repair, upkeep.backup,
        ),
        "List what is available": (
            spaces, rules, catalogue.objectives, catalogue.algorithms, catalogue.datasets, data,
            recipes,
        ),
        "Benchmark searches and this machine": (bench, compare, commands.doctor),
    }  # fmt: skip


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
    # a process that was asked to end exits with that code in any case
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
        # evonas front | head: nothing left to print; a search would have continued to its end
        discard(sys.stdout)
        return READER_GONE
    except OSError as problem:
        # a full disk or missing permissions: the journal is not affected
        where = f"{problem.filename}: " if problem.filename is not None else ""
        _tell(f"{where}{problem.strerror or problem or type(problem).__name__}")
        return DiskFullError.exit_code if problem.errno in FULL else UNWRITTEN
    except (RuntimeError, MemoryError) as problem:
        return _without_memory(problem)
    return 0


def _without_memory(problem: RuntimeError | MemoryError) -> int:
    """Tell that memory ran out, if it did; a programming error is raised again."""
    from evonas.evaluation.memory import is_out_of_memory, memory_failure

    if not is_out_of_memory(problem):
        raise problem
    _tell(
        f"{memory_failure(problem)}; finished work is kept: repeat the command with more free "
        "memory, fewer workers or a smaller batch"
    )
    return OUT_OF_MEMORY


def _unknown_option(problem: UnknownOptionError) -> str:
    """The message, with our name for an option of other tools."""
    word = (problem.token.keyword or problem.token.value).partition("=")[0]
    known = [name for argument in problem.argument_collection for name in argument.names]
    meant = synonym(word, known)
    return str(problem) if meant is None else f"Unknown option: {word}. Did you mean {meant}?"


def _tell(problem: object) -> None:
    # plain print: rich would read square brackets in paths and genomes as markup
    with suppress(OSError, ValueError):  # without a reader, the exit code is enough
        print(f"evonas: {problem}", file=sys.stderr)
