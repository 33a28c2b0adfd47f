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
        Parameter(help="A storage, such as sqlite:///study.db, or the path of a journal file."),
    ] = None,
    tensorboard: Annotated[
        Path | None, Parameter(help="A folder for event files: TensorBoard's --logdir.")
    ] = None,
    mlflow: Annotated[
        str | None, Parameter(help="A tracking store, such as sqlite:///mlflow.db.")
    ] = None,
    name: Annotated[
        str | None, Parameter(help="Of the run there; by default that of its folder.")
    ] = None,
    follow: Annotated[
        bool, Parameter(help="Copy what is new until no process is at work on the run.")
    ] = False,
    every: Annotated[float, Parameter(help="With --follow: seconds between two looks.")] = 5.0,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Copy a run into the store of Optuna, TensorBoard or MLflow, so that their pages show it.

    The run is only read. What is there already is not written again, so the command can be
    stopped and repeated at any time. See docs/mirrors.md.
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
        text = f"{problem}; tried again in {every:g} s"
        say(console, text)

    with mirrors(
        run, optuna=optuna, tensorboard=tensorboard, mlflow=mlflow, name=name, bar=bar
    ) as copies:
        if follow:
            copies.follow(every_seconds=every, on_updated=tell, on_failure=warn)
        else:
            tell(copies.update())
