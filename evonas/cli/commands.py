"""The commands to start with, and to inspect a run or a machine; heavy imports are inside."""

import shlex
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from evonas.api.terminal.console import say, showing
from evonas.cli.options import AsJson, Folder, option


def init(
    folder: Annotated[Path, Parameter(help="Folder to write to; created if missing.")] = Path(),
    /,
) -> None:
    """Write a commented search space and run settings as a starting point.

    space.yaml and run.yaml can be run as they are. With search-space.schema.json, editors
    complete and check the space.
    """
    from evonas.api.starting.writing import RUN_FILE, write_beginnings

    console = showing()
    for path in write_beginnings(folder):
        say(console, str(path))
    enter = "" if folder == Path() else f"cd {shlex.quote(str(folder))} && "
    text = f"change them, then: {enter}evonas run --config {RUN_FILE}"
    say(console, text)


def front(folder: Folder, /, *, json: AsJson = False) -> None:
    """Print the front of a run, and draw it as front.png in its folder."""
    from evonas.cli.front import print_front, show_front

    if json:
        print_front(showing(), folder)
    else:
        show_front(showing(), folder)


def show(
    folder: Folder,
    key: Annotated[str, Parameter(help="Key of the candidate; its first characters are enough.")],
    /,
    *,
    json: AsJson = False,
) -> None:
    """Show one candidate: genome, cells, values, rank, and the rule of every layer."""
    from evonas.cli.show import print_candidate, show_candidate

    if json:
        print_candidate(showing(), folder, key)
    else:
        show_candidate(showing(), folder, key)


def doctor(*, device: Annotated[str, option("device")] = "auto", json: AsJson = False) -> None:
    """Check this machine: hardware, how a run would use it, and speed."""
    from evonas.cli.doctor import examine

    examine(showing(), device=device, as_json=json)
