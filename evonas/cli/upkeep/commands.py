"""The commands themselves; everything heavy is imported when one runs."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from evonas.api.terminal.console import say, showing, working
from evonas.cli.options import QUIET, AsJson, Folder, option
from evonas.counted import counted
from evonas.settings.workers import Workers


def verify(
    folder: Folder,
    /,
    *,
    images: Annotated[
        bool, Parameter(help="Also check the images against their hash.", negative="--no-images")
    ] = True,
    json: AsJson = False,
) -> None:
    """Check everything in the folder of a run against its hashes; exit code 3 if anything differs.

    Nothing is changed. evonas repair fixes what can be fixed.
    """
    from evonas.cli.upkeep.verifying import verify_and_show

    verify_and_show(showing(), folder, reads_images=images, as_json=json)


def repair(
    folder: Folder,
    /,
    *,
    workers: Annotated[str | None, option("workers")] = None,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Repair the folder of a run; the damaged journal is kept next to the new one.

    Everything that matches its hash is kept. Damaged models are trained again, to the values in
    the journal.
    """
    from evonas.cli.upkeep.verifying import repair_and_show

    repair_and_show(working(quiet=quiet), folder, workers=Workers.of(workers))


def backup(
    folder: Folder,
    copy: Annotated[Path, Parameter(help="Destination: a new or empty folder.")],
    /,
) -> None:
    """Copy a run, even while it is running; the copy can be resumed on its own."""
    from evonas.study.upkeep.backup import back_up

    count = back_up(folder, copy)
    say(showing(), f"{copy}: {counted(count, 'training')}")


def status(folder: Folder, /, *, json: AsJson = False) -> None:
    """Show the status of a run: state, progress, pace and best values."""
    from evonas.cli.upkeep.listing import show_status

    show_status(showing(), folder, as_json=json)


def log(
    folder: Folder,
    key: Annotated[
        str | None,
        Parameter(
            help="Key of a candidate; its first characters are enough. Without a key: the whole "
            "run."
        ),
    ] = None,
    /,
    *,
    json: Annotated[bool, Parameter(help="One JSON object a line.", show_default=False)] = False,
) -> None:
    """Show the history of a run or of one candidate, from the first ask to the last result."""
    from evonas.cli.upkeep.log_view import show_log

    show_log(showing(), folder, key, is_json=json)


def ls(
    parent: Annotated[Path, Parameter(help="The folder that holds the runs.")] = Path("runs"),
    /,
    *,
    json: AsJson = False,
) -> None:
    """List the runs in a folder: state, size and best values."""
    from evonas.cli.upkeep.listing import list_runs

    list_runs(showing(), parent, as_json=json)
