"""``evonas data check``: inspect a data set before training on it."""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from evonas.api.terminal.console import say, showing, working
from evonas.api.terminal.json_output import print_json
from evonas.api.terminal.tables import print_table
from evonas.cli.options import AsJson, option

if TYPE_CHECKING:
    from evonas.evaluation.data.survey.survey import Survey

MOST_CLASSES, MOST_FILES = 40, 20
"""Maximum number of table rows, and of bad files, to show."""


def check(
    data_dir: Annotated[
        Path | None, Parameter(help="Folder of the images; default: $EVONAS_DATA, or ./data.")
    ] = None,
    /,
    *,
    dataset: Annotated[str, Parameter(help="The data set. See: evonas datasets.")] = "folder",
    image_size: Annotated[int | None, option("image_size")] = None,
    image_fit: Annotated[str, option("image_fit")] = "crop",
    unreadable: Annotated[str, option("unreadable")] = "refuse",
    sheet: Annotated[
        Path | None,
        Parameter(
            help="Contact sheet: a PNG of the images as a network sees them.",
            show_default=lambda _: "contact-sheet.png",
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """Check all images of a data set: classes, sizes, bad files, duplicates, a contact sheet.

    Exit code 2 if the data cannot be used for a search. With --json, the contact sheet is drawn
    only if --sheet is given.
    """
    from evonas.api.checks.data_check import check_data, write_contact_sheet
    from evonas.api.progress_bar import count_display
    from evonas.errors import DataError
    from evonas.evaluation.data.fitting import Fitting
    from evonas.settings import Settings
    from evonas.settings.checks import check_settings

    asked = {"image_size": image_size, "image_fit": image_fit, "unreadable": unreadable}
    settings = Settings().with_values(asked)
    check_settings(settings)
    fitting = Fitting.of(settings.training)
    console = showing()
    with count_display(working(), title="reading", unit="images", is_quiet=False) as tell:
        survey = check_data(dataset, data_dir=data_dir, fitting=fitting, on_progress=tell)
    problems = survey.problems(fitting)
    path = sheet or (None if json else Path("contact-sheet.png"))
    is_drawn = path is not None and write_contact_sheet(survey, path)
    if json:
        print_json(console, _facts(survey, problems=problems, sheet=path if is_drawn else None))
        if problems:
            sys.exit(DataError.exit_code)
        return
    _show_classes(console, survey.class_names, survey.counts)
    _show_files(console, survey)
    for warning in survey.warnings():
        say(console, f"note: {warning}")
    if is_drawn:
        say(console, f"{path}: what a network would see")
    if problems:
        raise DataError(f"data set '{dataset}' in {survey.root}: {'; '.join(problems)}")
    say(console, "these images are ready for a search")


def _facts(survey: "Survey", *, problems: list[str], sheet: Path | None) -> dict[str, object]:
    return {
        "name": survey.name,
        "root": survey.root,
        "images": {
            part: dict(zip(survey.class_names, counts, strict=True))
            for part, counts in survey.counts.items()
        },
        "sizes": {f"{width}x{height}": count for (width, height), count in survey.sizes.items()},
        "modes": survey.modes,
        "bad": survey.bad,
        "turned": survey.num_turned,
        "animated": survey.num_animated,
        "enlarged": survey.num_enlarged,
        "notes": survey.warnings(),
        "problems": problems,
        "contact_sheet": sheet,
    }


def _show_classes(console: Console, names: Sequence[str], counts: dict[str, list[int]]) -> None:
    from evonas.evaluation.data.survey.balance import class_weights, majority_share

    table = Table("class", *counts, "weight", box=None)
    train = counts["train"]
    weights = class_weights(train) if min(train) else [float("nan")] * len(train)
    for label, name in enumerate(names[:MOST_CLASSES]):
        row = [f"{each[label]:,}" for each in counts.values()]
        table.add_row(name, *row, f"{weights[label]:.2f}")
    if len(names) > MOST_CLASSES:
        table.add_row(f"and {len(names) - MOST_CLASSES:,} more")
    table.add_row("all", *(f"{sum(each):,}" for each in counts.values()), "")
    print_table(console, table)
    if sum(train):
        largest = names[train.index(max(train))]
        share = majority_share(train)
        say(
            console,
            f"always predicting '{largest}' is right for {share:.1%} of the training images",
        )


def _show_files(console: Console, survey: "Survey") -> None:
    if survey.sizes:
        sizes = Counter({f"{w}x{h}": count for (w, h), count in survey.sizes.items()})
        say(console, f"sizes: {_most(sizes)}")
        say(console, f"modes: {_most(survey.modes)}")
    for count, what in (
        (survey.num_turned, "rotated as their camera recorded"),
        (survey.num_animated, "files with several images, of which the first is used"),
    ):
        if count:
            say(console, f"{what}: {count:,}")
    for why in survey.bad[:MOST_FILES]:
        say(console, f"bad: {why}")
    if len(survey.bad) > MOST_FILES:
        say(console, f"more bad files: {len(survey.bad) - MOST_FILES:,}")


def _most(found: "Counter[str]", *, most: int = 6) -> str:
    more = len(found) - most
    texts = [f"{name} ({count:,})" for name, count in found.most_common(most)]
    return ", ".join(texts) + (f" and {more:,} more" if more > 0 else "")
