"""``evonas train``: the final training of a chosen network."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from evonas.api.terminal.console import showing, working
from evonas.cli.options import QUIET, AsJson, option


def train(
    run: Annotated[Path | None, Parameter(help="The folder of a run.")] = None,
    key: Annotated[
        str | None, Parameter(help="Key of a candidate; its first characters are enough.")
    ] = None,
    /,
    *,
    space: Annotated[
        str | None, Parameter(help="Instead of a run: a shipped space, or a YAML file.")
    ] = None,
    genome: Annotated[str | None, Parameter(help="With --space: the text of a genome.")] = None,
    network: Annotated[
        str | None,
        Parameter(
            help="Instead of a run: resnet20, resnet56, vgg8b, fast-cifar10, fast-cifar10-wide or "
            "fast-cifar10-plain."
        ),
    ] = None,
    rule: Annotated[
        str | None,
        Parameter(
            help="With --network: one rule for all layers, or one per layer, comma-separated; "
            "options in brackets."
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        Parameter(
            help="A recipe (see evonas recipes) or a YAML file; default: the network's own, or "
            "nas-bench-201."
        ),
    ] = None,
    epochs: Annotated[int | None, Parameter(help="Override the recipe's value.")] = None,
    batch: Annotated[int | None, Parameter(help="Override the recipe's value.")] = None,
    learning_rate: Annotated[float | None, Parameter(help="Override the recipe's value.")] = None,
    channels: Annotated[
        int | None, Parameter(help="Channels of the first stage; default: the run's.")
    ] = None,
    cells: Annotated[int | None, Parameter(help="Cells per stage; default: the run's.")] = None,
    rules: Annotated[
        list[str] | None,
        Parameter(help="Rules that the genome chooses from; default: the run's."),
    ] = None,
    dataset: Annotated[str | None, Parameter(help="Data set; default: the run's.")] = None,
    data_dir: Annotated[Path | None, option("data_dir")] = None,
    image_size: Annotated[
        int | None, Parameter(help="Resize images to this height and width; default: the run's.")
    ] = None,
    image_storage: Annotated[str, option("image_storage")] = "auto",
    split_seed: Annotated[int, Parameter(help="Seed that picks the validation images.")] = 0,
    seeds: Annotated[int, Parameter(help="Number of trainings, from seed 0.")] = 1,
    device: Annotated[str, Parameter(help="cpu, cuda or cuda:<number>.")] = "cpu",
    precision: Annotated[
        Literal["fp32", "tf32", "bf16"] | None,
        Parameter(help="Floating-point precision; default: that of the device."),
    ] = None,
    processes: Annotated[
        int, Parameter(help="Processes that share each batch; on GPUs, one GPU each.")
    ] = 1,
    out: Annotated[Path | None, Parameter(help="Output folder.", show_default=False)] = None,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Train one network fully, and test it once.

    Part of the training images is held out to choose the epoch; the test images are read at the
    very end. If interrupted, repeat the command to continue to the same numbers.
    """
    from evonas.api.final.jobs import make_job, recipe_with
    from evonas.api.final.training import BAR_TITLE, train_and_write
    from evonas.api.progress_bar import count_display
    from evonas.cli.final.view import epoch_lines, introduce, show_results
    from evonas.cli.messages import warn
    from evonas.evaluation.training.precision import default_precision

    chosen = recipe_with(
        recipe, network=network, epochs=epochs, batch=batch, learning_rate=learning_rate
    )
    job, folder, where = make_job(
        run, key, space=space, genome=genome, network=network, rule=rule,
        recipe=chosen, channels=channels, cells=cells,
        rules=rules, dataset=dataset, data_dir=data_dir, image_size=image_size,
        image_storage=image_storage, split_seed=split_seed,
        precision=precision or default_precision(device), device=device, processes=processes,
    )  # fmt: skip
    folder = folder if out is None else out
    console = working(quiet=quiet)
    introduce(console, job, folder=folder, seeds=seeds)
    with count_display(console, title=BAR_TITLE, unit="steps", is_quiet=quiet) as show:
        report = train_and_write(
            job, folder, data_dir=where, seeds=seeds, device=device, on_progress=show, tell=warn,
            on_epoch=epoch_lines(console, job.recipe.epochs, is_quiet=quiet),
        )  # fmt: skip
    show_results(console, report)


def recipes(*, json: AsJson = False) -> None:
    """List the recipes for final trainings: content and source."""
    from evonas.cli.final.view import list_recipes

    list_recipes(showing(), as_json=json)
