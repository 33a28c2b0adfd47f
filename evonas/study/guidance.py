"""The search of a run: an engine, with a guide from the evaluation floor if it needs one.

The guide depends only on the configuration and learns on one thread. A resumed run trains it
again, in the same time and with the same results. Only the signals of networks are stored, in a
cache that may be deleted.
"""

from dataclasses import replace
from pathlib import Path

from evonas.errors import ConfigError
from evonas.evaluation.data.images import Traits
from evonas.evaluation.data.loading import load_run_data
from evonas.evaluation.protocol import Protocol
from evonas.evaluation.signals.genome_signals import GenomeSignals, num_images_needed
from evonas.evaluation.signals.signal_cache import SIGNALS_FILE
from evonas.evaluation.supernet.supernet_guide import SupernetGuide
from evonas.rules import all_rules
from evonas.rules.tools.mixture import check_mixable
from evonas.search.base import AbstractSearch
from evonas.search.engines import make_search
from evonas.search.guided_engines import GUIDED_SEARCHES, check_mutation
from evonas.search.problem import SearchProblem
from evonas.search.replicates.replicated_engines import expected_genomes, parse_replicates
from evonas.search.signals import InformedProblem, NoSignals, Signals
from evonas.search.supernet_guided.eg_mutation import EgMutation, EgSettings
from evonas.search.supernet_guided.guided_search import GuidedSearch
from evonas.seeds import derive_seed
from evonas.settings import Settings
from evonas.space import Genome, Space
from evonas.study.prior.prior_file import founders, read_prior

BUDGET = ("supernet_epochs", "supernet_images", "supernet_channels")


def needs_guide(settings: Settings) -> bool:
    """Whether a run with these settings trains a supernet."""
    return settings.search.mutation == "eg" or settings.search.algorithm in GUIDED_SEARCHES


def check_guidance(settings: Settings) -> None:
    """Refuse contradictory guidance settings.

    Raises:
        UnknownNameError: the mutation has no such part.
        ConfigError: a setting belongs to a feature that is off, or that the engine lacks.
        RuleError: a rule cannot share a layer with others.
    """
    search, batch = settings.search, settings.training.batch
    check_mutation(search.mutation, algorithm=search.algorithm)
    EgSettings(without=search.eg_without)
    if search.eg_without and search.mutation != "eg":
        raise ConfigError(
            "eg-without: switches off parts of --mutation eg, so expected --mutation eg"
        )
    if needs_guide(settings):
        if search.supernet_epochs is None or search.supernet_channels is None:
            raise ConfigError("supernet_epochs, supernet_channels: expected numbers, got none")
        if search.supernet_images is not None and search.supernet_images < batch:
            raise ConfigError(
                f"supernet-images: expected at least one batch of {batch}, got "
                f"{search.supernet_images}"
            )
        check_mixable([all_rules()[name]() for name in settings.problem.rules])
        return
    for name in BUDGET:
        if settings.value(name) is not None:
            raise ConfigError(
                f"{name.replace('_', '-')}: this run trains no supernet; expected --mutation eg, "
                f"or one of the algorithms {', '.join(GUIDED_SEARCHES)}"
            )


def make_guided_search(
    settings: Settings, space: Space, *, folder: Path, traits: Traits
) -> AbstractSearch | GuidedSearch:
    """A new engine for a run; it proposes each genome once.

    Args:
        settings: settings of the run.
        space: at the size of its candidates.
        folder: folder of the run, for the cache of signals.
        traits: traits of its images.

    Raises:
        InputError: the supernet cannot be built; a subclass that names the problem.
    """
    search = settings.search
    replicates = parse_replicates(search.replicates)
    seed = derive_seed(search.seed, "search")
    num_objectives = len(settings.problem.objectives)
    if search.algorithm in GUIDED_SEARCHES:
        return GUIDED_SEARCHES[search.algorithm](
            space,
            population=search.population,
            num_objectives=num_objectives,
            seed=seed,
            guide=make_guide(settings, space),
            num_candidates=expected_genomes(search.num_trainings, replicates=replicates),
        )
    engine = make_search(
        search.algorithm,
        _informed(settings, space, folder, traits),
        population=search.population,
        num_objectives=num_objectives,
        seed=seed,
    )
    if search.mutation == "plain":
        return engine
    mutation = EgMutation(
        space,
        make_guide(settings, space),
        seed=derive_seed(seed, "eg"),
        settings=EgSettings(without=search.eg_without),
    )
    return GuidedSearch(engine, mutation, seed=derive_seed(seed, "guided"))


def _informed(settings: Settings, space: Space, folder: Path, traits: Traits) -> SearchProblem:
    """The space with the run's prior knowledge of its genomes, if any."""
    search = settings.search
    signals: Signals = NoSignals()
    if search.signals:
        signals = make_signals(settings, space, traits=traits, cache=folder / SIGNALS_FILE)
    first: tuple[Genome, ...] = ()
    if search.prior_sha256 is not None:
        earlier = read_prior(folder, sha256=search.prior_sha256)
        first = founders(earlier, space, count=search.population)
    return InformedProblem(space, signals, first) if search.signals or first else space


def make_signals(
    settings: Settings, space: Space, *, traits: Traits, cache: Path | None
) -> GenomeSignals:
    """The signals of a run. Those of networks are computed on training images.

    Others need no images, so that a finished run can be resumed without them.

    Args:
        settings: settings of the run.
        space: at the size of its candidates.
        traits: traits of its images.
        cache: a file that stores signals for a resumed run; None for no cache.

    Raises:
        InputError: a subclass that names the problem with the images.
    """
    names = settings.search.signals
    if not num_images_needed(names):
        return GenomeSignals(names, space, traits=traits, images=None)
    data = load_run_data(settings.training)
    seed = derive_seed(settings.search.seed, "signals")
    return GenomeSignals(
        names, space, traits=data.traits, images=data.train, seed=seed, cache=cache
    )


def make_guide(settings: Settings, space: Space) -> SupernetGuide:
    """The supernet of a run, not trained yet.

    It has its own share of the data set's training images; its validation images are those of the
    candidates.
    """
    protocol, search = Protocol.of(settings), settings.search
    data = load_run_data(settings.training)
    if search.supernet_images != settings.training.images:
        # a limit of training images also limits the validation images
        own = load_run_data(replace(settings.training, images=search.supernet_images))
        data = replace(data, train=own.train)
    return SupernetGuide(
        space.resized(channels=search.supernet_channels),
        data.to(protocol.device),
        recipe=replace(protocol.recipe, epochs=search.supernet_epochs or 1),
        seed=derive_seed(search.seed, "supernet"),
        device=protocol.device,
    )
