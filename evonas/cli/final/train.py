"""``evonas train``: a chosen network, trained to the end."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from evonas.api.terminal.console import showing, working
from evonas.cli.options import QUIET, AsJson, option


def train(
    run: Annotated[Path | None, Parameter(help="The folder of a run.")] = None,
    key: Annotated[str | None, Parameter(help="Of a candidate; the beginning is enough.")] = None,
    /,
    *,
    space: Annotated[
        str | None, Parameter(help="Instead of a run: name of a space, or a YAML file.")
    ] = None,
    genome: Annotated[str | None, Parameter(help="With --space: the text of a genome.")] = None,
    network: Annotated[
        str | None,
        Parameter(
            help="Instead of a run: resnet20, resnet56, vgg8b, fast-cifar10 or fast-cifar10-plain."
        ),
    ] = None,
    rule: Annotated[
        str | None,
        Parameter(
            help="With --network: of all layers, or one for each with commas; options in brackets."
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        Parameter(
            help="Name of a recipe (see evonas recipes), or a YAML file; by default the "
            "network's, or nas-bench-201."
        ),
    ] = None,
    epochs: Annotated[int | None, Parameter(help="Instead of the recipe's.")] = None,
    batch: Annotated[int | None, Parameter(help="Instead of the recipe's.")] = None,
    learning_rate: Annotated[float | None, Parameter(help="Instead of the recipe's.")] = None,
    channels: Annotated[
        int | None, Parameter(help="Of the first stage; by default the run's.")
    ] = None,
    cells: Annotated[int | None, Parameter(help="Of a stage; by default the run's.")] = None,
    rules: Annotated[
        list[str] | None,
        Parameter(help="That the genome chooses from; by default the run's."),
    ] = None,
    dataset: Annotated[str | None, Parameter(help="By default the run's.")] = None,
    data_dir: Annotated[Path | None, option("data_dir")] = None,
    image_size: Annotated[
        int | None, Parameter(help="Bring images to this height and width; by default the run's.")
    ] = None,
    image_storage: Annotated[str, option("image_storage")] = "auto",
    split_seed: Annotated[int, Parameter(help="Picks the validation images.")] = 0,
    seeds: Annotated[int, Parameter(help="How many trainings, from seed 0.")] = 1,
    device: Annotated[str, Parameter(help="cpu, cuda or cuda:<number>.")] = "cpu",
    precision: Annotated[
        Literal["fp32", "tf32", "bf16"] | None,
        Parameter(help="Of the training; by default what suits the device."),
    ] = None,
    processes: Annotated[
        int, Parameter(help="That share each batch; on GPUs each has one of its own.")
    ] = 1,
    out: Annotated[
        Path | None, Parameter(help="Folder of the training.", show_default=False)
    ] = None,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Train one network to the end, and test it once.

    A part of the training images chooses the epoch; the test images are read at the very end.
    Interrupted, it goes on by the same command, to the same numbers.
    """
    from evonas.api.final.jobs import make_job, recipe_with
    from evonas.api.final.training import BAR_TITLE, train_to_the_end
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
        report = train_to_the_end(
            job, folder, data_dir=where, seeds=seeds, device=device, on_progress=show, tell=warn,
            on_epoch=epoch_lines(console, job.recipe.epochs, is_quiet=quiet),
        )  # fmt: skip
    show_results(console, report)


def recipes(*, json: AsJson = False) -> None:
    """List the recipes for final trainings: what each does, and where it is from."""
    from evonas.cli.final.view import list_recipes

    list_recipes(showing(), as_json=json)
