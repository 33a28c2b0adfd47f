"""The commands that only show; everything heavy is imported when one runs."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from evonas.api.terminal.console import showing
from evonas.cli.run_command import option

Folder = Annotated[Path, Parameter(help="The folder of a run.")]
SpaceName = Annotated[str, Parameter(help="A shipped space, or the path of a YAML file.")]


def front(folder: Folder, /) -> None:
    """Print the front of a run, and draw it into its folder as front.png."""
    from evonas.cli.front import show_front

    show_front(showing(), folder)


def show(
    folder: Folder,
    key: Annotated[str, Parameter(help="Of the candidate; the beginning is enough.")],
    /,
) -> None:
    """Show one candidate: genome, cells, values, its place, and the rule of every layer."""
    from evonas.cli.show import show_candidate

    show_candidate(showing(), folder, key)


def doctor(*, device: Annotated[str, option("device")] = "auto") -> None:
    """Say what this machine has, which path a run takes on it, and how fast it is."""
    from evonas.cli.doctor import examine

    examine(showing(), device=device)


def spaces() -> None:
    """List the spaces that come with evonas."""
    _list("spaces")


def show_space(name: SpaceName, /) -> None:
    """Show one space: its cells, its rules, its size, and a network drawn at random."""
    from evonas.cli.spaces import show_space as show

    show(showing(), name)


def check_space(
    file: Annotated[Path, Parameter(help="The YAML file of a space, or a shipped name.")],
    /,
    *,
    train: Annotated[
        bool, Parameter(help="Count its functions, train its smallest and largest network.")
    ] = True,
) -> None:
    """Check a space: every problem of its file at once, what it holds, and one training step."""
    from evonas.cli.spaces import check_space as check

    check(showing(), file, trains=train)


def space_schema() -> None:
    """Print the JSON schema of the YAML, by which editors complete and check it."""
    from evonas.cli.spaces import print_schema

    print_schema()


def rules() -> None:
    """List the learning rules, what each sends, and where it was published."""
    from evonas.cli.rules import list_rules

    list_rules(showing())


def show_rule(
    name: Annotated[str, Parameter(help="A name of the list: evonas rules.")], /
) -> None:
    """Show one rule: equation, what it sends, updates and costs, its limits and its source."""
    from evonas.cli.rules import show_rule as show

    show(showing(), name)


def objectives() -> None:
    """List the objectives: name, unit, direction, cost and what their standard errors are of."""
    from evonas.cli.objectives import list_objectives

    list_objectives(showing())


def algorithms() -> None:
    """List the search engines: what each is, how many objectives it takes, its source."""
    _list("algorithms")


def datasets() -> None:
    """List the data sets: classes, shape, and how candidates are trained on them by default."""
    from evonas.api.catalogue import datasets_and_problems
    from evonas.cli.listing import print_rows

    rows, problems = datasets_and_problems()
    print_rows(showing(), rows)
    for told in problems:
        print(f"evonas: left out: {told}", file=sys.stderr)


def _list(kind: str) -> None:
    from evonas.api.catalogue import rows_of
    from evonas.cli.listing import print_rows

    print_rows(showing(), list(rows_of(kind)))
