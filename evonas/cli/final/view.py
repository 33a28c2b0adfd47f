"""Final trainings and recipes, in the terminal."""

import math
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from evonas.api.final.report import FinalReport, seed_folder
from evonas.api.terminal.console import say
from evonas.api.terminal.json_output import print_json
from evonas.api.terminal.tables import print_table
from evonas.counted import counted
from evonas.evaluation.final.final_training import EpochRecord
from evonas.evaluation.final.recipe import load_recipe, recipe_names
from evonas.study.final.job import FinalJob
from evonas.study.final.result import MODEL_FILE


def introduce(console: Console, job: FinalJob, *, folder: Path, seeds: int) -> None:
    """Print what will be trained, how, and into which folder."""
    recipe = job.recipe
    size = job.architecture.size_text
    say(
        console,
        f"{job.architecture.text} on {job.dataset}: {size + ', ' if size else ''}"
        f"{counted(recipe.epochs, 'epoch')}, batch size {recipe.batch}, "
        f"{counted(seeds, 'seed')}, {job.precision}, into {folder}",
    )


SECONDS_BETWEEN_LINES = 10.0


def epoch_lines(
    console: Console,
    total: int,
    *,
    is_quiet: bool,
    clock: Callable[[], float] = time.monotonic,
) -> Callable[[int, EpochRecord], None]:
    """Print epochs as lines where there is no progress bar, as in a log file.

    Short epochs would fill a log, so lines are at least ten seconds apart. The last epoch of a
    seed is always printed; ``curve.csv`` has them all.
    """
    last = -math.inf

    def show(seed: int, epoch: EpochRecord) -> None:
        nonlocal last
        now = clock()
        if epoch.epoch < total and now - last < SECONDS_BETWEEN_LINES:
            return
        last = now
        found = "" if epoch.validation is None else f", validation {_share(epoch.validation)}"
        say(
            console,
            f"seed {seed}, epoch {epoch.epoch}/{total}: loss {epoch.loss:.4f}{found}, "
            f"{epoch.seconds:.1f} s",
        )

    return (lambda *_: None) if is_quiet or console.is_terminal else show


def show_results(console: Console, report: FinalReport) -> None:
    """Print a line for each seed, and where the networks are."""
    table = Table("seed", "test", "validation", "best epoch", "epochs", "seconds", box=None)
    for each in report.results:
        table.add_row(
            str(each.seed), _share(each.test), _share(each.validation), str(each.best_epoch),
            str(len(each.epochs)), f"{each.seconds:.0f}",
        )  # fmt: skip
    print_table(console, table)
    first = report.results[0]
    if report.test is not None:
        mean, spread = report.test
        over = f" over {counted(len(report.results), 'seed')}"
        error = "" if spread is None else f" ± {100 * spread:.2f}{over}"
        views = "" if first.views == "one" else f", each classified by the mean of {first.views}"
        say(
            console,
            f"test accuracy {100 * mean:.2f} %{error}, on {first.test_images} images{views}",
        )
    say(
        console,
        f"{first.parameters:,} parameters, plausible share of the weights {first.bio:.2f}; the "
        f"network is in {seed_folder(report.folder, first.seed) / MODEL_FILE}",
    )


def list_recipes(console: Console, *, as_json: bool) -> None:
    """Print a line for each recipe; as JSON, its full content."""
    if as_json:
        recipes = {name: load_recipe(name) for name in recipe_names()}
        print_json(console, recipes)
        return
    table = Table("recipe", "epochs", "batch", "description", "source", box=None)
    for name in recipe_names():
        recipe = load_recipe(name)
        table.add_row(
            name, str(recipe.epochs), str(recipe.batch), recipe.description, recipe.source
        )
    print_table(console, table)


def _share(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.2f} %"
