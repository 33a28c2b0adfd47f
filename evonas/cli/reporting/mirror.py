"""``evonas mirror``."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from evonas.cli.options import QUIET, Folder

if TYPE_CHECKING:
    from evonas.errors import MirrorError
    from evonas.report.mirrors.base import Step
    from evonas.report.mirrors.snapshot import Snapshot


def mirror(
    run: Folder,
    /,
    *,
    optuna: Annotated[
        str | None,
        Parameter(
            help="An Optuna storage, such as sqlite:///study.db, or the path of a journal file."
        ),
    ] = None,
    tensorboard: Annotated[
        Path | None, Parameter(help="A folder for event files: TensorBoard's --logdir.")
    ] = None,
    mlflow: Annotated[
        str | None, Parameter(help="A tracking store, such as sqlite:///mlflow.db.")
    ] = None,
    name: Annotated[
        str | None, Parameter(help="Name of the run in the store; default: the folder's name.")
    ] = None,
    follow: Annotated[
        bool, Parameter(help="Keep copying until no process works on the run.")
    ] = False,
    every: Annotated[float, Parameter(help="With --follow: seconds between checks.")] = 5.0,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Copy a run to Optuna, TensorBoard or MLflow, to view it there.

    The run is only read. Nothing is written twice, so the command can be stopped and repeated at
    any time. See docs/mirrors.md.
    """
    from evonas.api.analyses.steps_bar import steps_bar
    from evonas.api.reporting.mirroring import mirrors
    from evonas.api.terminal.console import say, working

    console = working(quiet=quiet)

    @contextmanager
    def bar(trainings: int) -> Iterator["Step"]:
        with steps_bar("Mirroring", trainings, console=console, is_shown=not quiet) as advance:
            yield lambda: advance(1)

    def tell(copied: "Snapshot") -> None:
        count = sum(training.result is not None for training in copied.trainings)
        text = f"{copied.name}: {count} training{'' if count == 1 else 's'}"
        say(console, text)

    def warn(problem: "MirrorError") -> None:
        text = f"{problem}; next attempt in {every:g} s"
        say(console, text)

    with mirrors(
        run, optuna=optuna, tensorboard=tensorboard, mlflow=mlflow, name=name, bar=bar
    ) as copies:
        if follow:
            copies.follow(every_seconds=every, on_updated=tell, on_failure=warn)
        else:
            tell(copies.update())
