"""From what the user typed to a resolved configuration; the first mistake ends in one message."""

from dataclasses import dataclass
from pathlib import Path

import joblib

from evonas.errors import ConfigError
from evonas.evaluation.constraints import parse_constraint
from evonas.evaluation.data.images import Traits
from evonas.evaluation.data.loading import (
    DATASETS,
    default_data_dir,
    load_search_data,
    traits_of,
)
from evonas.evaluation.training.devices import resolve_device
from evonas.evaluation.training.precision import check_precision, default_precision
from evonas.registry import look_up
from evonas.rules import ALIASES, all_rules
from evonas.search.supernet_guided.eg_mutation import OFF_BY_DEFAULT
from evonas.space import Space, load
from evonas.study.config import RunConfig, shaped_space
from evonas.study.executors.device import SLOTS
from evonas.study.guidance import BUDGET, needs_guide

DEFAULT_POPULATION = 20
DEFAULT_GENERATIONS = 4
ATTACKED_IMAGES = 1000
SUPERNET_EPOCHS = 3  # times those of a candidate: every step trains a part of it
MIN_STEPS = 32  # in an epoch
MIN_BATCH = 16  # below it, the statistics of batch normalisation are noise


@dataclass(frozen=True)
class RunOptions:
    """The flags of ``evonas run``; None where the user gave none."""

    space: str
    objectives: str
    rules: str | None
    dataset: str
    data_dir: Path | None
    algorithm: str
    population: int
    generations: int | None
    evaluations: int | None
    epochs: int | None
    batch: int | None
    images: int | None
    channels: int | None
    cells: int | None
    epsilon: str | None
    seed: int
    device: str
    precision: str | None
    mutation: str = "plain"
    eg_without: str | None = None
    supernet_epochs: int | None = None
    supernet_images: int | None = None
    supernet_channels: int | None = None
    mode: str = "generational"
    constraints: tuple[str, ...] = ()
    gate: str = "skip"
    fidelity: str | None = None
    eta: int = 3


def resolve(options: RunOptions, *, download: bool) -> tuple[RunConfig, Space]:
    """The configuration of a run, with every default filled in, and its space.

    Nothing is written, apart from a data set that is downloaded. The data are read once here, so
    that a missing file is known before a folder is made.

    Raises:
        InputError: of the class of what is wrong.
    """
    space = load(options.space)
    look_up(DATASETS, options.dataset, kind="data set")
    data_dir = (options.data_dir or default_data_dir()).resolve()
    chosen_rules = names(options.rules) if options.rules is not None else space.rule_choices
    chosen_rules = tuple(ALIASES.get(name, name) for name in chosen_rules)
    for name in chosen_rules:
        look_up(all_rules(), name, kind="rule")
    _check_positive(options)
    device = resolve_device(options.device)
    precision = check_precision(options.precision or default_precision(device), device=device)
    traits = traits_of(options.dataset, data_dir=data_dir)
    generations, evaluations = _lengths(options)
    supernet = _supernet_budget(options, traits, space)
    rungs = _rungs(options)
    config = RunConfig(
        space=space.name,
        objectives=names(options.objectives),
        rules=chosen_rules,
        dataset=options.dataset,
        data_dir=str(data_dir),
        algorithm=options.algorithm,
        population=options.population,
        generations=generations,
        evaluations=evaluations,
        epochs=_first(options.epochs, *rungs[-1:], traits.epochs),
        batch=_first(options.batch, default_batch(traits, options.images)),
        images=options.images,
        channels=_first(options.channels, traits.channels, space.channels),
        cells=_first(options.cells, traits.cells, space.cells),
        seed=options.seed,
        epsilon=options.epsilon if options.epsilon is not None else traits.epsilon,
        attacked_images=ATTACKED_IMAGES,
        device=device,
        precision=precision,
        mutation=options.mutation,
        eg_without=_eg_without(options),
        supernet_epochs=supernet[0],
        supernet_images=supernet[1],
        supernet_channels=supernet[2],
        mode=options.mode,
        constraints=tuple(parse_constraint(text).text for text in options.constraints),
        gate=options.gate,
        fidelity=rungs,
        eta=options.eta,
    )
    data = load_search_data(
        config.dataset,
        data_dir=data_dir,
        download=download,
        seed=config.seed,
        num_images=config.images,
    )
    if len(data.train) < config.batch:
        raise ConfigError(
            f"batch: expected at most the {len(data.train)} training images, got {config.batch}"
        )
    return config, shaped_space(space, config)


def default_batch(traits: Traits, num_images: int | None) -> int:
    """The data set's own batch, halved until an epoch of few images has enough steps to learn."""
    batch = traits.batch
    while num_images is not None and batch > MIN_BATCH and num_images < MIN_STEPS * batch:
        batch //= 2
    return batch


def _supernet_budget(
    options: RunOptions, traits: Traits, space: Space
) -> tuple[int | None, int | None, int | None]:
    """Epochs, images and channels: thrice the epochs of a candidate, as many of the others."""
    epochs, images = options.supernet_epochs, options.supernet_images
    channels = options.supernet_channels
    if needs_guide(options.algorithm, options.mutation):
        epochs = _first(epochs, SUPERNET_EPOCHS * _first(options.epochs, traits.epochs))
        images = images or options.images
        channels = _first(channels, options.channels, traits.channels, space.channels)
    return epochs, images, channels


def _eg_without(options: RunOptions) -> tuple[str, ...]:
    """The parts in ``--eg-without``; what is off by default without it, nothing for ``none``."""
    if options.eg_without is None:
        return OFF_BY_DEFAULT if options.mutation == "eg" else ()
    return () if options.eg_without.strip() == "none" else names(options.eg_without)


def _rungs(options: RunOptions) -> tuple[int, ...]:
    """The epochs in ``--fidelity``, none without it."""
    if options.fidelity is None:
        return ()
    texts = names(options.fidelity)
    if not texts or not all(text.isdecimal() for text in texts):
        raise ConfigError(
            f"fidelity: expected numbers of epochs, such as 1,3,9, got '{options.fidelity}'"
        )
    return tuple(map(int, texts))


def names(text: str) -> tuple[str, ...]:
    """The names in a comma-separated list; empty ones are dropped."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def worker_count(workers: int | None, *, device: str) -> int:
    """How many candidates at once on the CPU, or on each GPU.

    What the user said, else one for each core, or what is usual for a GPU.

    Raises:
        ConfigError: fewer than one.
    """
    if workers is not None and workers < 1:
        raise ConfigError(f"workers: expected a whole number of at least 1, got {workers}")
    return workers or (joblib.cpu_count() if device == "cpu" else SLOTS)


def _check_positive(options: RunOptions) -> None:
    # before the data are read: a mistyped number should not cost the user that wait
    for name in ("population", "generations", "evaluations", "epochs", "batch", "images", *BUDGET):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise ConfigError(f"{name}: expected a whole number of at least 1, got {value}")


def _lengths(options: RunOptions) -> tuple[int, int]:
    """Generations and evaluations at most; either one given sets the other."""
    if options.generations is None and options.evaluations is not None:
        return -(-options.evaluations // options.population), options.evaluations
    generations = _first(options.generations, DEFAULT_GENERATIONS)
    return generations, _first(options.evaluations, generations * options.population)


def _first(*values: int | None) -> int:
    return next(value for value in values if value is not None)
