"""Options and arguments that several commands have."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from evonas.settings import SETTINGS
from evonas.settings.description import default_text, help_text, options_of

QUIET = Parameter(name=("--quiet", "-q"), help="Print only errors.", show_default=False)

RETRY_FAILED = Parameter(
    help="Retry trainings lost to out-of-memory errors, timeouts or dead workers.",
    negative="",
    show_default=False,
)

AsJson = Annotated[
    bool, Parameter(name="--json", help="Print one JSON document.", show_default=False)
]

Folder = Annotated[Path, Parameter(help="The folder of a run.")]


def option(name: str) -> Parameter:
    """A setting as an option of a command, with its own help and default."""
    known = SETTINGS[name]
    return Parameter(
        name=options_of(known),
        help=help_text(known),
        show_default=lambda _: default_text(known),
    )
