"""The commands themselves; everything heavy is imported when one runs."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from evonas.api.terminal.console import showing
from evonas.cli.options import AsJson

SpaceName = Annotated[str, Parameter(help="A shipped space, or the path of a YAML file.")]


def spaces(*, json: AsJson = False) -> None:
    """List the shipped spaces."""
    _list("spaces", as_json=json)


def show_space(name: SpaceName, /, *, json: AsJson = False) -> None:
    """Show one space: its cells, its rules, its size, and a network drawn at random."""
    from evonas.cli.catalogue.spaces import show_space as show

    show(showing(), name, as_json=json)


def check_space(
    file: Annotated[Path, Parameter(help="The YAML file of a space, or a shipped name.")],
    /,
    *,
    train: Annotated[
        bool,
        Parameter(
            help="Count its functions, and train its smallest and largest networks for one step.",
            negative="--no-train",
        ),
    ] = True,
) -> None:
    """Check a space: all problems of its file at once, its size, and one training step."""
    from evonas.cli.catalogue.spaces import check_space as check

    check(showing(), file, trains=train)


def space_schema() -> None:
    """Print the JSON schema of the YAML format, for completion and checks in editors."""
    from evonas.cli.catalogue.spaces import print_schema

    print_schema()


def rules(*, json: AsJson = False) -> None:
    """List the learning rules, what each sends, and where it was published."""
    from evonas.cli.catalogue.rules import list_rules

    warn_of(list_rules(showing(), as_json=json))


def show_rule(
    name: Annotated[str, Parameter(help="Name of a rule. See: evonas rules.")],
    /,
    *,
    json: AsJson = False,
) -> None:
    """Show one rule: equation, what it sends, updates and costs, its limits and its source."""
    from evonas.cli.catalogue.rules import show_rule as show

    show(showing(), name, as_json=json)


def objectives(*, json: AsJson = False) -> None:
    """List the objectives: name, unit, direction, cost and source of the standard error."""
    from evonas.cli.catalogue.objectives import list_objectives

    warn_of(list_objectives(showing(), as_json=json))


def algorithms(*, json: AsJson = False) -> None:
    """List the search engines: algorithm, number of objectives, source."""
    _list("algorithms", as_json=json)


def datasets(*, json: AsJson = False) -> None:
    """List the data sets: classes, shape, and how candidates are trained on them by default."""
    from evonas.api.catalogue import datasets_and_problems
    from evonas.cli.catalogue.listing import print_rows

    rows, problems = datasets_and_problems()
    print_rows(showing(), rows, as_json=json)
    warn_of(problems)


def warn_of(problems: Iterable[Exception]) -> None:
    """Print a warning for each unusable extension of an installed package."""
    for problem in problems:
        print(f"evonas: left out: {problem}", file=sys.stderr)


def _list(kind: str, *, as_json: bool) -> None:
    from evonas.api.catalogue import rows_of
    from evonas.cli.catalogue.listing import print_rows

    print_rows(showing(), list(rows_of(kind)), as_json=as_json)
