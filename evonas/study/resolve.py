"""Resolve a user's settings into a runnable configuration: defaults filled in, names checked.

Nothing is written, except for a downloaded data set. Mistakes are reported here, in one message,
before any folder is created.
"""

from pathlib import Path
from typing import Any

import joblib

from evonas.errors import ConfigError
from evonas.evaluation.adversarial_training.adversary import STANDARD
from evonas.evaluation.constraints import check_constraints, parse_constraint
from evonas.evaluation.data.fitting import Fitting
from evonas.evaluation.data.images import SearchData, Traits
from evonas.evaluation.data.known import find_source
from evonas.evaluation.data.loading import fingerprints, load_search_data, source_of, traits_of
from evonas.evaluation.data.place import default_data_dir
from evonas.evaluation.data.storage import choose_storage
from evonas.evaluation.data.sufficiency import check_data
from evonas.evaluation.forecasting.fastest_precision import fastest_precision
from evonas.evaluation.objectives import OBJECTIVES
from evonas.evaluation.protocol import Protocol
from evonas.evaluation.signals.genome_signals import (
    check_signals_of,
    default_signals,
    parse_signals,
)
from evonas.evaluation.training.devices import devices_of, resolve_device
from evonas.evaluation.training.precision import check_precision, default_precision
from evonas.networks.supernet import check_shareable
from evonas.registry import look_up
from evonas.rules import ALIASES, all_rules
from evonas.search.engines import SEARCHES, check_search, check_signals, has_model
from evonas.search.guided_engines import GUIDED_SEARCHES
from evonas.search.replicates.replicated_engines import parse_replicates
from evonas.search.supernet_guided.eg_mutation import OFF_BY_DEFAULT
from evonas.settings import Settings, Unset
from evonas.settings.checks import check_settings
from evonas.settings.machine import AUTO_PRECISION, Precision
from evonas.settings.workers import parse_workers
from evonas.space import Space, load
from evonas.study.executors.device import SLOTS
from evonas.study.guidance import BUDGET, check_guidance, needs_guide
from evonas.study.shape import shaped_space

DEFAULT_GENERATIONS = 4
# times those of a candidate, because every step trains only a part of the supernet
SUPERNET_EPOCHS = 3
MIN_STEPS = 32  # in an epoch
MIN_BATCH = 16  # below it, the statistics of batch normalisation are noise
NONE = ("none",)  # how a user switches off nothing


def resolve(given: Settings, *, space: Space | None = None, reads_data: bool = True) -> Settings:
    """The settings of a run, with all defaults resolved.

    Args:
        given: the user's settings; :class:`Unset` where not given.
        space: the space to search, if already loaded; otherwise loaded by its name or path.
        reads_data: whether to read the data, so that missing files are reported now.

    Raises:
        InputError: a subclass that names the problem.
    """
    if isinstance(given.problem.space, Unset):
        raise ConfigError("space: expected a search space, got none; see: evonas spaces")
    check_settings(given)
    constraints = tuple(map(parse_constraint, given.problem.constraints))
    check_constraints(constraints)
    space = space or load(given.problem.space)
    find_source(given.training.dataset)
    rules = space.rule_choices if "rules" in given.left_open else given.problem.rules
    rules = tuple(ALIASES.get(name, name) for name in rules)
    device = resolve_device(given.machine.device)
    data_dir = default_data_dir() if _is_open(given, "data_dir") else Path(given.training.data_dir)
    data_dir = data_dir.resolve()
    storage = choose_storage(
        given.training.image_storage,
        source_of(given.training.dataset, data_dir, fitting=Fitting.of(given.training)),
        name=given.training.dataset,
        data_dir=data_dir,
        num_processes=worker_count(given) if device == "cpu" else max(1, len(devices_of(device))),
        device=devices_of(device)[0],
    )
    given = given.with_values({"image_storage": storage})
    fitting = Fitting.of(given.training)
    traits = traits_of(
        given.training.dataset,
        data_dir=data_dir,
        download=given.training.download,
        fitting=fitting,
    )
    filled = {
        "space": space.name,
        "rules": rules,
        "device": device,
        "data_dir": str(data_dir),
        "constraints": tuple(each.text for each in constraints),
        "eg_without": _eg_without(given),
        "signals": _signals(given, num_rules=len(rules)),
        **_or_default(given, precision=default_precision(device)),
        **_lengths(given),
        **_budget(given, traits, space),
    }
    settings = given.with_values(filled)
    settings = settings.with_values(_training_epsilon(settings))
    settings = settings.with_values(_supernet_budget(settings))
    check_run(settings)
    if needs_guide(settings):
        check_shareable(space)
    check_signals_of(space.with_rules(rules), settings.search.signals)
    if not reads_data:
        settings = settings.with_values(_or_default(settings, train_sha256=None, test_sha256=None))
        return settings.with_values(_precision(settings, space, traits))
    data = _read_data(settings)
    if _is_open(given, "batch"):
        batch = min(default_batch(traits, len(data.train)), len(data.train))
        settings = settings.with_values({"batch": batch})
    check_data(data, batch=settings.training.batch)
    settings = settings.with_values(_fingerprints(settings))
    return settings.with_values(_precision(settings, space, traits))


def check_run(settings: Settings) -> None:
    """Refuse settings that name something unknown or contradict each other.

    Raises:
        InputError: a subclass that names the problem.
    """
    check_settings(settings)
    problem, search = settings.problem, settings.search
    for name in problem.rules:
        look_up(all_rules(), name, kind="rule")
    for name in problem.objectives:
        look_up(OBJECTIVES, name, kind="objective")
    look_up({**SEARCHES, **GUIDED_SEARCHES}, search.algorithm, kind="algorithm")
    parse_replicates(search.replicates)
    if search.algorithm in SEARCHES:
        check_search(search.algorithm, len(problem.objectives))
    check_precision(settings.machine.precision, device=settings.machine.device)
    check_signals(parse_signals(search.signals), algorithms=(search.algorithm,))
    check_guidance(settings)
    protocol = Protocol.of(settings)
    _check_training(protocol)
    measured = [objective.name for objective in protocol.measured()]
    if protocol.epsilon == 0 and "robust" in measured:
        raise ConfigError("epsilon: expected a radius above 0, such as 1/255, got 0")


def _check_training(protocol: Protocol) -> None:
    adversary, epsilon = protocol.adversary, protocol.training.training_epsilon
    if adversary is None and epsilon is not None:
        raise ConfigError(
            f"training_epsilon: standard training has no radius, got {epsilon}; add --training "
            "pgd-7 or fgsm, or leave it out"
        )
    if adversary is not None and adversary.epsilon == 0:
        raise ConfigError(
            "training_epsilon: at 0 adversarial training is standard training at a higher price; "
            "give a radius such as 8/255, or --training standard"
        )


def default_batch(traits: Traits, num_images: int | None) -> int:
    """The data set's default batch size, halved until an epoch has enough steps."""
    batch = traits.batch
    while num_images is not None and batch > MIN_BATCH and num_images < MIN_STEPS * batch:
        batch //= 2
    return batch


def worker_count(settings: Settings) -> int:
    """Number of candidates in parallel on the CPU, on each GPU, or on a cluster.

    The user's number, else one per core, or the default for a GPU; at most one generation, which
    is also the value if only the cluster knows.

    Raises:
        ConfigError: the user's number is below one.
    """
    check_settings(settings)
    given, population = settings.machine.workers, settings.search.population
    if isinstance(given, Unset):
        workers = joblib.cpu_count() if settings.machine.device == "cpu" else SLOTS
    else:
        workers = parse_workers(str(given)).count or population
    return min(workers, population)


def _read_data(settings: Settings) -> SearchData:
    training = settings.training
    return load_search_data(
        training.dataset,
        data_dir=Path(training.data_dir),
        download=training.download,
        seed=training.split_seed,
        num_images=training.images,
        sha256=None if _is_open(settings, "train_sha256") else training.train_sha256,
        fitting=Fitting.of(training),
    )


def _fingerprints(settings: Settings) -> dict[str, str | None]:
    """Hashes of the images found, unless given by the user."""
    if not (_is_open(settings, "train_sha256") or _is_open(settings, "test_sha256")):
        return {}
    training = settings.training
    train, test = fingerprints(
        training.dataset, data_dir=Path(training.data_dir), fitting=Fitting.of(training)
    )
    return _or_default(settings, train_sha256=train, test_sha256=test)


def _is_open(given: Settings, name: str) -> bool:
    return isinstance(given.value(name), Unset)


def _or_default(given: Settings, **defaults: Any) -> dict[str, Any]:
    """The defaults for settings that the user left open."""
    return {name: value for name, value in defaults.items() if _is_open(given, name)}


def _lengths(given: Settings) -> dict[str, int]:
    """Maximum numbers of generations and evaluations; either determines the other."""
    population, evaluations = given.search.population, given.search.evaluations
    generations = given.search.generations
    if _is_open(given, "generations"):
        is_alone = _is_open(given, "evaluations")
        generations = DEFAULT_GENERATIONS if is_alone else -(-evaluations // population)
    if _is_open(given, "evaluations"):
        evaluations = generations * population
    return {"generations": generations, "evaluations": evaluations}


def _budget(given: Settings, traits: Traits, space: Space) -> dict[str, Any]:
    """The size of a candidate: from the data set, else from the space."""
    images = None if _is_open(given, "images") else given.training.images
    return _or_default(
        given,
        images=images,
        epochs=given.training.fidelity[-1] if given.training.fidelity else traits.epochs,
        batch=default_batch(traits, images),
        channels=traits.channels if traits.channels is not None else space.channels,
        cells=traits.cells if traits.cells is not None else space.cells,
        epsilon=traits.epsilon,
    )


def _eg_without(given: Settings) -> tuple[str, ...]:
    """The parts to switch off: the similarity by default, nothing for ``none``."""
    parts = given.search.eg_without
    if isinstance(parts, Unset):
        return OFF_BY_DEFAULT if given.search.mutation == "eg" else ()
    return () if parts == NONE else parts


def _signals(given: Settings, *, num_rules: int) -> tuple[str, ...]:
    """The user's signals; by default those that help an engine's model in such a space."""
    if _is_open(given, "signals"):
        is_used = has_model(given.search.algorithm)
        return default_signals(num_rules=num_rules) if is_used else ()
    return parse_signals(given.search.signals)


def _precision(settings: Settings, space: Space, traits: Traits) -> dict[str, Precision]:
    """The precision that ``auto`` means for these candidates on this machine."""
    if settings.machine.precision != AUTO_PRECISION:
        return {}
    shaped, recipe = shaped_space(space, settings), Protocol.of(settings).recipe
    return {"precision": fastest_precision(shaped, traits=traits, recipe=recipe)}


def _training_epsilon(settings: Settings) -> dict[str, str | None]:
    """The default training radius: that of the attack; None for standard training.

    Args:
        settings: with the radius of the attack.
    """
    is_standard = settings.training.training_method == STANDARD
    return _or_default(settings, training_epsilon=None if is_standard else settings.attack.epsilon)


def _supernet_budget(settings: Settings) -> dict[str, int | None]:
    """Three times a candidate's epochs, and the other defaults; None if no supernet is trained.

    Args:
        settings: resolved settings of the candidates.
    """
    if not needs_guide(settings):
        return dict.fromkeys(name for name in BUDGET if _is_open(settings, name))
    training = settings.training
    return _or_default(
        settings,
        supernet_epochs=SUPERNET_EPOCHS * training.epochs,
        supernet_images=training.images,
        supernet_channels=training.channels,
    )
