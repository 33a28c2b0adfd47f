"""The search of a run: an engine, with a guide from the evaluation floor where it asks for one.

The guide is made of the configuration alone and learns on one thread. A resumed run trains it
again, which costs as much time as it did, and comes to the same numbers; nothing of it is stored.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from evonas.errors import ConfigError
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.supernet.supernet_guide import SupernetGuide
from evonas.rules import all_rules
from evonas.rules.tools.mixture import check_mixable
from evonas.search.base import AbstractSearch
from evonas.search.engines import make_search
from evonas.search.guided_engines import GUIDED_SEARCHES, check_mutation
from evonas.search.supernet_guided.eg_mutation import EgMutation, EgSettings
from evonas.search.supernet_guided.guided_search import GuidedSearch
from evonas.seeds import derive_seed
from evonas.space import Space

if TYPE_CHECKING:  # a configuration checks itself by what is here
    from evonas.study.config import RunConfig

BUDGET = ("supernet_epochs", "supernet_images", "supernet_channels")


def needs_guide(algorithm: str, mutation: str) -> bool:
    """Whether a run with these settings trains a supernet."""
    return mutation == "eg" or algorithm in GUIDED_SEARCHES


def check_guidance(config: "RunConfig") -> None:
    """Refuse settings of guidance that contradict each other.

    Raises:
        UnknownNameError: there is no such mutation, or no such part of it.
        ConfigError: what a setting belongs to is not switched on, or has no place in the engine.
        RuleError: a rule cannot share a layer with others.
    """
    check_mutation(config.mutation, algorithm=config.algorithm)
    EgSettings(without=config.eg_without)
    if config.eg_without and config.mutation != "eg":
        raise ConfigError("eg-without: expected --mutation eg, of which it switches parts off")
    if needs_guide(config.algorithm, config.mutation):
        if config.supernet_epochs is None or config.supernet_channels is None:
            raise ConfigError("supernet_epochs, supernet_channels: expected numbers, got none")
        if config.supernet_images is not None and config.supernet_images < config.batch:
            raise ConfigError(
                f"supernet-images: expected at least one batch of {config.batch}, got "
                f"{config.supernet_images}"
            )
        check_mixable([all_rules()[name]() for name in config.rules])
        return
    for name in BUDGET:
        if getattr(config, name) is not None:
            raise ConfigError(
                f"{name.replace('_', '-')}: this run trains no supernet; expected --mutation eg, "
                f"or one of the algorithms {', '.join(GUIDED_SEARCHES)}"
            )


def make_guided_search(config: "RunConfig", space: Space) -> AbstractSearch | GuidedSearch:
    """The search of a run, new.

    Args:
        config: of the run.
        space: at the size of its candidates.

    Raises:
        InputError: the supernet cannot be made: of the class of what is wrong.
    """
    seed = derive_seed(config.seed, "search")
    num_objectives = len(config.objectives)
    if config.algorithm in GUIDED_SEARCHES:
        return GUIDED_SEARCHES[config.algorithm](
            space,
            population=config.population,
            num_objectives=num_objectives,
            seed=seed,
            guide=make_guide(config, space),
            num_candidates=config.num_candidates,
        )
    engine = make_search(
        config.algorithm,
        space,
        population=config.population,
        num_objectives=num_objectives,
        seed=seed,
    )
    if config.mutation == "plain":
        return engine
    mutation = EgMutation(
        space,
        make_guide(config, space),
        seed=derive_seed(seed, "eg"),
        settings=EgSettings(without=config.eg_without),
    )
    return GuidedSearch(engine, mutation, seed=derive_seed(seed, "guided"))


def make_guide(config: "RunConfig", space: Space) -> SupernetGuide:
    """The supernet of a run, not trained yet.

    Its training images are its own share of those of the data set; it validates on what the
    candidates validate on.
    """
    protocol = config.protocol()
    recipe = protocol.recipe
    data = load_search_data(
        config.dataset,
        data_dir=Path(config.data_dir),
        seed=config.seed,
        num_images=config.supernet_images,
    )
    device = "cuda:0" if config.device == "all" else config.device
    return SupernetGuide(
        space.resized(channels=config.supernet_channels),
        data.to(device),
        recipe=replace(recipe, epochs=config.supernet_epochs or 1),
        seed=derive_seed(config.seed, "supernet"),
        device=device,
    )
