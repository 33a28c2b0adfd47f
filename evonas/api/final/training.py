"""Train a candidate of a run, or a genome of a space, to the end; test it once."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import get_args

from filelock import FileLock, Timeout

from evonas.api.final.report import FinalReport, seed_folder
from evonas.api.progress_bar import count_display
from evonas.errors import ConfigError, DataError, RunFolderError
from evonas.evaluation.data.images import Images
from evonas.evaluation.data.loading import DATASETS, load_test, traits_of
from evonas.evaluation.data.place import default_data_dir
from evonas.evaluation.final.data import load_final_data
from evonas.evaluation.final.final_training import FinalTraining
from evonas.evaluation.final.recipe import FinalRecipe, load_recipe
from evonas.evaluation.training.devices import check_device
from evonas.evaluation.training.precision import check_precision, default_precision
from evonas.registry import look_up
from evonas.settings.machine import Precision
from evonas.space import load, source_text
from evonas.study.final.job import SPACE_FILE, FinalJob
from evonas.study.final.run import run_seed
from evonas.study.versions import installed_packages
from evonas.study.weights import write_whole

BAR_TITLE = "training"
FINAL_FOLDER = "final"


def train(
    run: Path | str | None = None,
    key: str | None = None,
    *,
    space: str | Path | None = None,
    genome: str | None = None,
    recipe: str | Path | FinalRecipe = "nas-bench-201",
    epochs: int | None = None,
    batch: int | None = None,
    learning_rate: float | None = None,
    channels: int | None = None,
    cells: int | None = None,
    rules: list[str] | tuple[str, ...] | None = None,
    dataset: str | None = None,
    data_dir: Path | str | None = None,
    split_seed: int = 0,
    seeds: int = 1,
    device: str = "cpu",
    precision: Precision | None = None,
    out: Path | str | None = None,
    progress: bool = True,
) -> FinalReport:
    """Train one network to the end, once for each seed, and test it once.

    Interrupted at any moment, the same call goes on where it was, to the same numbers (on the same
    number of threads). What has ended is only read.

    Args:
        run: the folder of a run; or give ``space`` and ``genome``.
        key: of a candidate of the run, or the beginning of it that no other has.
        space: name of a shipped space, or path of a YAML file.
        genome: its text, as in the tables of a run.
        recipe: name of a shipped recipe, path of a YAML file, or a recipe.
        epochs: in the place of the recipe's.
        batch: in the place of the recipe's.
        learning_rate: in the place of the recipe's.
        channels: of the first stage; the run's, or the space's, if None.
        cells: of a stage; the run's, or the space's, if None.
        rules: that the genome chooses from; the run's, or the space's, if None.
        dataset: its name; the run's if None.
        data_dir: where it lies; where the run found it if None.
        split_seed: picks the validation images.
        seeds: how many trainings, from seed 0.
        device: cpu, cuda or cuda:<number>.
        precision: fp32, tf32 or bf16; what suits the device if None.
        out: the folder of the training; one of its own in the run's folder, or
            ``runs/final-<space>-<key>``, if None.
        progress: whether a progress bar is shown.

    Raises:
        InputError: what was given does not fit together, or the folder holds another training.
        DataError: the images are missing, damaged or others than the run had.
        TrainingDiverged: the loss stopped being finite.
        StorageError: a file of the training is damaged.

    Example:
        >>> key = study.front.index[0]
        >>> report = evonas.train(study.folder, key, recipe="short", epochs=3, progress=False)
        >>> len(report.curve)
        3
    """
    chosen = recipe_with(recipe, epochs=epochs, batch=batch, learning_rate=learning_rate)
    precision = precision or default_precision(device)
    job, folder, where = make_job(
        run, key, space=space, genome=genome, recipe=chosen, channels=channels, cells=cells,
        rules=rules, dataset=dataset, data_dir=data_dir, split_seed=split_seed,
        precision=precision, device=device,
    )  # fmt: skip
    with count_display(is_quiet=not progress, title=BAR_TITLE, unit="steps") as show:
        return train_to_the_end(
            job, Path(out) if out is not None else folder, data_dir=where, seeds=seeds,
            device=device, on_progress=show, tell=lambda text: warnings.warn(text, stacklevel=2),
        )  # fmt: skip


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
    look_up(DATASETS, job.dataset, kind="data set")
    shaped, parsed = job.parsed()
    short = shaped.key(parsed)
    name = short if run is not None else f"final-{shaped.name}-{short}"
    return job, base / name, where.resolve()


def train_to_the_end(
    job: FinalJob,
    folder: Path,
    *,
    data_dir: Path,
    seeds: int,
    device: str,
    on_progress: Callable[[int, int], None],
    tell: Callable[[str], None],
) -> FinalReport:
    """Train all seeds of a job in a folder, and write its tables and its picture.

    Args:
        job: what is trained.
        folder: of the training; made if need be.
        data_dir: where the images lie.
        seeds: how many.
        device: that they are trained on.
        on_progress: is called with the steps that are done and their total, over all seeds.
        tell: is told what the user should know.

    Raises:
        EvonasError: see :func:`train`.
    """
    if seeds < 1:
        raise ConfigError(f"seeds: expected at least 1, got {seeds}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "lock")
        lock.acquire(timeout=0.5, poll_interval=0.05)
    except Timeout as problem:
        raise RunFolderError(f"{folder}: another process is at work on this training") from problem
    except OSError as problem:
        raise RunFolderError(f"{folder}: cannot be made: {problem.strerror}") from problem
    try:
        job.write(folder, versions=installed_packages(), data_dir=str(data_dir))
        return _train(job, folder, data_dir, seeds, device, on_progress, tell)
    finally:
        lock.release()


def _train(
    job: FinalJob,
    folder: Path,
    data_dir: Path,
    seeds: int,
    device: str,
    on_progress: Callable[[int, int], None],
    tell: Callable[[str], None],
) -> FinalReport:
    data = load_final_data(
        job.dataset, data_dir=data_dir, validation_share=job.recipe.validation_share,
        split_seed=job.split_seed, device=device, sha256=job.train_sha256,
    )  # fmt: skip
    results = []

    @lru_cache(maxsize=1)
    def read_test() -> Images | None:
        try:
            return load_test(job.dataset, data_dir=data_dir)
        except DataError as problem:
            tell(f"no test accuracy: {problem}")
            return None

    for seed in range(seeds):

        def step(training: FinalTraining, seed: int = seed) -> None:
            done = seed * training.num_steps + training.num_steps_done
            on_progress(done, seeds * training.num_steps)

        result = run_seed(
            seed_folder(folder, seed), job, data, seed=seed, read_test=read_test,
            on_step=step, tell=tell,
        )  # fmt: skip
        results.append(result)
    report = FinalReport(folder, tuple(results))
    write_whole(folder / "seeds.csv", report.table.to_csv(lineterminator="\n").encode())
    from evonas.report.curves import draw_curves

    draw_curves(
        {each.seed: each.epochs for each in results}, path=folder / "curve.png",
        title=f"{job.genome[:60]} on {job.dataset}",
    )  # fmt: skip
    return report


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
    traits = traits_of(dataset) if dataset in DATASETS and dataset != "folder" else None
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
