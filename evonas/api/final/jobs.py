"""What a user asks to have trained, as a job: a candidate of a run, or a genome of a space."""

from dataclasses import replace
from pathlib import Path
from typing import get_args

from evonas.errors import ConfigError
from evonas.evaluation.data.fitting import Fitting
from evonas.evaluation.data.loading import all_datasets, source_of, traits_of
from evonas.evaluation.data.place import COUNTED, default_data_dir
from evonas.evaluation.data.storage import AUTO, choose_storage
from evonas.evaluation.final.recipe import FinalRecipe, load_recipe
from evonas.evaluation.training.devices import check_device, devices_of
from evonas.evaluation.training.precision import check_precision
from evonas.registry import look_up
from evonas.settings.machine import Precision
from evonas.settings.training import STORAGE
from evonas.space import load, source_text
from evonas.study.final.job import SPACE_FILE, FinalJob

FINAL_FOLDER = "final"
MIN_IMAGE_SIZE = 4  # pixels, as in a search


def make_job(
    run: Path | str | None,
    key: str | None,
    *,
    space: str | Path | None,
    genome: str | None,
    recipe: FinalRecipe,
    channels: int | None,
    cells: int | None,
    rules: list[str] | tuple[str, ...] | None,
    dataset: str | None,
    data_dir: Path | str | None,
    image_size: int | None,
    image_storage: str,
    split_seed: int,
    precision: Precision,
    device: str,
) -> tuple[FinalJob, Path, Path]:
    """What is trained, the folder for it, and where the images lie.

    Arguments and errors are those of :func:`train`.
    """
    check_device(device)
    if precision not in get_args(Precision):
        known = ", ".join(get_args(Precision))
        raise ConfigError(f"precision: expected one of {known}, got {precision}")
    check_precision(precision, device="cpu" if device == "cpu" else "cuda")
    if (run is None) == (genome is None):
        raise ConfigError(
            "expected the folder of a run and a key, or --space and --genome, got "
            f"{'neither' if run is None else 'both'}"
        )
    if run is not None:
        job, where = _job_of_run(
            Path(run), key, recipe, split_seed, precision, dataset=dataset, data_dir=data_dir
        )
        base = Path(run) / FINAL_FOLDER
    else:
        job = _job_of_genome(space, genome or "", recipe, split_seed, precision, dataset)
        where = Path(data_dir) if data_dir is not None else default_data_dir()
        base = Path("runs")
    job = replace(
        job, channels=channels or job.channels, cells=cells or job.cells,
        rules=tuple(rules) if rules else job.rules,
    )  # fmt: skip
    if image_size is not None:
        if image_size < MIN_IMAGE_SIZE:
            raise ConfigError(f"image_size: expected at least {MIN_IMAGE_SIZE}, got {image_size}")
        if image_size != job.fitting.size:  # the run's hash is of images at its own size
            fitting = replace(job.fitting, size=image_size)
            job = replace(job, fitting=fitting, train_sha256=None)
    look_up(all_datasets(), job.dataset, kind="data set")
    stored = _stored(job, image_storage, data_dir=where.resolve(), device=device)
    job = replace(job, fitting=stored)
    shaped, parsed = job.parsed()
    short = shaped.key(parsed)
    name = short if run is not None else f"final-{shaped.name}-{short}"
    return job, base / name, where.resolve()


def _stored(job: FinalJob, asked: str, *, data_dir: Path, device: str) -> Fitting:
    """Where the images of a training are kept; on disk where those of the run were."""
    if asked not in STORAGE:
        raise ConfigError(f"image_storage: expected {', '.join(STORAGE)}, got {asked}")
    if asked == AUTO and job.fitting.stays_on_disk:
        return job.fitting
    source = source_of(job.dataset, data_dir, fitting=job.fitting)
    storage = choose_storage(
        asked, source, name=job.dataset, data_dir=data_dir, device=devices_of(device)[0]
    )
    return replace(job.fitting, storage=storage)


def recipe_with(
    given: str | Path | FinalRecipe,
    *,
    epochs: int | None = None,
    batch: int | None = None,
    learning_rate: float | None = None,
) -> FinalRecipe:
    """A recipe with some of its values changed.

    Raises:
        UnknownNameError: no recipe has this name.
        ConfigError: a value is out of range, or the file is no recipe.
    """
    recipe = given if isinstance(given, FinalRecipe) else load_recipe(given)
    values = {"epochs": epochs, "batch": batch, "learning_rate": learning_rate}
    changes = {name: value for name, value in values.items() if value is not None}
    try:
        return replace(recipe, **changes)  # type: ignore[arg-type]
    except ValueError as problem:
        raise ConfigError(f"recipe: {str(problem).removeprefix('.')}") from problem


def _job_of_run(
    run: Path,
    key: str | None,
    recipe: FinalRecipe,
    split_seed: int,
    precision: Precision,
    *,
    dataset: str | None,
    data_dir: Path | str | None,
) -> tuple[FinalJob, Path]:
    from evonas.api.study import load_study

    study = load_study(run)
    if key is None:
        raise ConfigError(f"{run}: expected the key of a candidate; see evonas front {run}")
    candidate, settings = study.find(key), study.settings
    training = settings.training
    is_other = dataset not in (None, training.dataset)
    job = FinalJob(
        space_text=(run / SPACE_FILE).read_text(encoding="utf-8"),
        genome=candidate.genome,
        channels=training.channels,
        cells=training.cells,
        rules=settings.problem.rules,
        dataset=dataset or training.dataset,
        train_sha256=None if is_other else training.train_sha256,
        split_seed=split_seed,
        precision=precision,
        recipe=recipe,
        fitting=Fitting() if is_other else Fitting.of(training),
    )
    return job, Path(data_dir if data_dir is not None else training.data_dir)


def _job_of_genome(
    space: str | Path | None,
    genome: str,
    recipe: FinalRecipe,
    split_seed: int,
    precision: Precision,
    dataset: str | None,
) -> FinalJob:
    if space is None or dataset is None:
        missing = "space" if space is None else "dataset"
        raise ConfigError(f"{missing}: expected one beside the genome, got none")
    whole = load(str(space))
    is_known = dataset in all_datasets() and dataset not in COUNTED
    traits = traits_of(dataset) if is_known else None
    return FinalJob(
        space_text=source_text(str(space)),
        genome=genome,
        channels=(traits and traits.channels) or whole.channels,
        cells=(traits and traits.cells) or whole.cells,
        rules=whole.rule_choices,
        dataset=dataset,
        train_sha256=None,
        split_seed=split_seed,
        precision=precision,
        recipe=recipe,
    )
