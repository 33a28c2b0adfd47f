"""A request for a final training as a job: a candidate of a run, a genome, a named network."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any, get_args

from evonas.errors import ConfigError, show
from evonas.evaluation.architectures.base import AbstractArchitecture
from evonas.evaluation.architectures.genome import GenomeArchitecture
from evonas.evaluation.architectures.named import NamedArchitecture
from evonas.evaluation.architectures.rule_text import split_rules
from evonas.evaluation.data.fitting import AS_THEY_ARE, Fitting
from evonas.evaluation.data.known import all_datasets, find_source
from evonas.evaluation.data.loading import source_of, traits_of
from evonas.evaluation.data.place import COUNTED, default_data_dir
from evonas.evaluation.data.storage import AUTO, choose_storage
from evonas.evaluation.final.recipe import FinalRecipe, load_recipe
from evonas.evaluation.training.devices import check_one_device, devices_of
from evonas.evaluation.training.precision import check_precision
from evonas.networks.named.table import NETWORKS
from evonas.registry import look_up
from evonas.settings.machine import Precision
from evonas.settings.reading import plain, whole_number
from evonas.settings.training import STORAGE
from evonas.space import load, source_text
from evonas.study.final.job import SPACE_FILE, FinalJob

FINAL_FOLDER = "final"
DEFAULT_RECIPE = "nas-bench-201"
RECIPES = {
    "resnet20": "resnet20", "resnet56": "resnet56", "vgg8b": "vgg8b-local",
    "fast-cifar10": "fast-cifar10", "fast-cifar10-wide": "fast-cifar10-wide",
    "fast-cifar10-plain": "fast-cifar10",
}  # fmt: skip
"""Default recipe of a named network."""
MIN_SIDE = 4  # pixels, as in a search


def make_job(
    run: str | PathLike[str] | None,
    key: str | None,
    *,
    space: str | Path | None,
    genome: str | None,
    network: str | None,
    rule: str | Sequence[str] | None,
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
    processes: int = 1,
) -> tuple[FinalJob, Path, Path]:
    """The job, its folder, and the folder of the images.

    Arguments and errors are those of :func:`train`.
    """
    check_one_device(device)
    split_seed = whole_number("split_seed", split_seed, at_least=0)
    processes = whole_number("processes", processes, at_least=1)
    sizes = ("channels", channels, 1), ("cells", cells, 1), ("image_size", image_size, MIN_SIDE)
    channels, cells, image_size = (
        None if value is None else whole_number(name, value, at_least=least)
        for name, value, least in sizes
    )
    if precision not in get_args(Precision):
        known = ", ".join(get_args(Precision))
        raise ConfigError(f"precision: expected one of {known}, got {precision}")
    check_precision(precision, device="cpu" if device == "cpu" else "cuda")
    if [run, genome, network].count(None) != 2:
        given = [
            name
            for name, value in (("a run", run), ("--genome", genome), ("--network", network))
            if value is not None
        ]
        raise ConfigError(
            "expected the folder of a run and a key, or --space and --genome, or --network and "
            f"--rule, got {' and '.join(given) or 'none of them'}"
        )
    if space is not None and genome is None:
        raise ConfigError("space: only for --genome; a run has its own, a named network has none")
    common = _Common(recipe, split_seed, precision, dataset)
    base, where = Path("runs"), Path(data_dir) if data_dir is not None else default_data_dir()
    if network is not None:
        job = _job_of_name(network, rule, common, has_size=bool(channels or cells or rules))
        name = f"final-{job.architecture.key}"
    elif rule is not None:
        raise ConfigError(
            "rule: only for --network; a genome contains its own rules (see --rules)"
        )
    elif run is not None:
        job, where = _job_of_run(Path(run), key, common, data_dir=data_dir)
        base = Path(run) / FINAL_FOLDER
    else:
        job = _job_of_genome(space, genome or "", common)
    architecture = job.architecture
    if isinstance(architecture, GenomeArchitecture):
        architecture = replace(
            architecture,
            channels=channels or architecture.channels,
            cells=cells or architecture.cells,
            rules=tuple(rules) if rules else architecture.rules,
        )
        short = architecture.key
        name = short if run is not None else f"final-{architecture.parsed[0].name}-{short}"
        job = replace(job, architecture=architecture)
    if image_size not in (None, job.fitting.size):  # the run's hash covers images at its size
        fitting = replace(job.fitting, size=image_size)
        job = replace(job, fitting=fitting, train_sha256=None)
    find_source(job.dataset)
    stored = _stored(job, image_storage, data_dir=where.resolve(), device=device)
    job = replace(job, fitting=stored)
    if recipe.batch % processes:
        raise ConfigError(
            f"processes: expected a divisor of the batch size {recipe.batch}, got {processes}"
        )
    return replace(job, processes=processes), base / name, where.resolve()


def _stored(job: FinalJob, asked: str, *, data_dir: Path, device: str) -> Fitting:
    """The image storage of a training; on disk if the run's was."""
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
    given: str | Path | FinalRecipe | None,
    *,
    network: str | None = None,
    epochs: int | None = None,
    batch: int | None = None,
    learning_rate: float | None = None,
) -> FinalRecipe:
    """A recipe with some of its values changed.

    Args:
        given: a recipe or its name; None for the network's own, or that of NAS-Bench-201.
        network: a network's name; None for a genome.
        epochs: overrides the recipe's.
        batch: overrides the recipe's.
        learning_rate: overrides the recipe's.

    Raises:
        UnknownNameError: no recipe has this name.
        ConfigError: a value is out of range, or the file is not a recipe.
    """
    given = given or RECIPES.get(network or "", DEFAULT_RECIPE)
    recipe = given if isinstance(given, FinalRecipe) else load_recipe(given)
    values = {"epochs": epochs, "batch": batch}
    changes: dict[str, Any] = {
        name: whole_number(name, value) for name, value in values.items() if value is not None
    }
    if learning_rate is not None:
        changes["learning_rate"] = rate = plain(learning_rate)
        if not isinstance(rate, int | float):
            raise ConfigError(f"learning_rate: expected a number, got {show(rate)}")
    try:
        return replace(recipe, **changes)
    except ValueError as problem:
        raise ConfigError(f"recipe: {str(problem).removeprefix('.')}") from problem


@dataclass(frozen=True)
class _Common:
    """The fields that all kinds of job share."""

    recipe: FinalRecipe
    split_seed: int
    precision: Precision
    dataset: str | None

    def job(
        self,
        architecture: AbstractArchitecture,
        dataset: str,
        *,
        train_sha256: str | None = None,
        fitting: Fitting = AS_THEY_ARE,
    ) -> FinalJob:
        return FinalJob(
            architecture=architecture,
            dataset=dataset,
            train_sha256=train_sha256,
            split_seed=self.split_seed,
            precision=self.precision,
            recipe=self.recipe,
            fitting=fitting,
        )


def _job_of_name(
    network: str, rule: str | Sequence[str] | None, common: _Common, *, has_size: bool
) -> FinalJob:
    if has_size:
        raise ConfigError(
            f"network: {network} has a fixed size, and takes one --rule or one per layer; "
            f"expected no channels, cells or rules"
        )
    look_up(NETWORKS, network, kind="network")
    if rule is None:
        raise ConfigError(f"rule: expected one for the network {network}, such as bp, got none")
    if common.dataset is None:
        raise ConfigError(f"dataset: expected one for the network {network}, got none")
    rules = split_rules(rule) if isinstance(rule, str) else tuple(rule)
    return common.job(NamedArchitecture(network, rules), common.dataset)


def _job_of_run(
    run: Path, key: str | None, common: _Common, *, data_dir: Path | str | None
) -> tuple[FinalJob, Path]:
    from evonas.api.study import load_study

    study = load_study(run)
    if key is None:
        raise ConfigError(f"{run}: expected the key of a candidate; see evonas front {run}")
    candidate, settings = study.find(key), study.settings
    training = settings.training
    is_other = common.dataset not in (None, training.dataset)
    architecture = GenomeArchitecture(
        space_text=(run / SPACE_FILE).read_text(encoding="utf-8"),
        genome=candidate.genome,
        channels=training.channels,
        cells=training.cells,
        rules=tuple(settings.problem.rules),
    )
    job = common.job(
        architecture,
        common.dataset or training.dataset,
        train_sha256=None if is_other else training.train_sha256,
        fitting=Fitting() if is_other else Fitting.of(training),
    )
    return job, Path(data_dir if data_dir is not None else training.data_dir)


def _job_of_genome(space: str | Path | None, genome: str, common: _Common) -> FinalJob:
    dataset = common.dataset
    if space is None or dataset is None:
        missing = "space" if space is None else "dataset"
        raise ConfigError(f"{missing}: expected one with the genome, got none")
    whole = load(str(space))
    is_known = dataset in all_datasets() and dataset not in COUNTED
    traits = traits_of(dataset) if is_known else None
    architecture = GenomeArchitecture(
        space_text=source_text(str(space)),
        genome=genome,
        channels=(traits and traits.channels) or whole.channels,
        cells=(traits and traits.cells) or whole.cells,
        rules=tuple(whole.rule_choices),
    )
    return common.job(architecture, dataset)
