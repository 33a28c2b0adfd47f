"""Engines with replicates by name: what ``--replicates`` stands for."""

import math

from evonas.errors import ConfigError
from evonas.search.ask_and_tell import AskAndTell
from evonas.search.engines import make_search
from evonas.search.problem import SearchProblem
from evonas.search.replicates.fixed_replicates import FixedReplicates
from evonas.search.replicates.racing import SHARE, RacingSearch
from evonas.search.replicates.replicated_search import AbstractReplicatedSearch

AUTO = "auto"


def parse_replicates(text: str) -> int | None:
    """The number of replicates of every genome; ``None`` for ``auto``.

    Raises:
        ConfigError: it is neither.
    """
    if text.strip() == AUTO:
        return None
    try:
        count = int(text)
    except ValueError:
        count = 0
    if count < 1:
        raise ConfigError(
            f"replicates: expected '{AUTO}' or a whole number of at least 1, got '{text}'"
        )
    return count


def make_replicated_search(
    name: str,
    problem: SearchProblem,
    *,
    population: int,
    num_objectives: int,
    seed: int,
    replicates: int | None,
) -> AbstractReplicatedSearch:
    """A new search with replicates.

    Args:
        name: name of the engine, a key of :data:`evonas.search.engines.SEARCHES`.
        problem: the space.
        population: how many genomes the algorithm keeps, and how many make a generation.
        num_objectives: the length of every vector it will be told.
        seed: equal seeds and equal results give equal asks.
        replicates: number of trainings per genome; ``None`` to allocate each where it helps most.

    Raises:
        UnknownNameError: no search has this name.
        ConfigError: see :func:`evonas.search.engines.make_search`.
    """
    engine = make_search(
        name, problem, population=population, num_objectives=num_objectives, seed=seed
    )
    return with_replicates(engine, seed=seed, replicates=replicates)


def with_replicates(
    engine: AskAndTell, *, seed: int, replicates: int | None
) -> AbstractReplicatedSearch:
    """A new engine as a search with replicates.

    Args:
        engine: engine of which nothing was asked yet.
        seed: seed of what is drawn for the replicates.
        replicates: as for :func:`make_replicated_search`.
    """
    if replicates is None:
        return RacingSearch(engine, seed=seed)
    return FixedReplicates(engine, count=replicates)


def expected_genomes(num_trainings: int, *, replicates: int | None) -> int:
    """How many new genomes an engine will be asked for when there are so many trainings.

    Args:
        num_trainings: in all.
        replicates: as for :func:`make_replicated_search`.
    """
    if replicates is None:
        return math.ceil(num_trainings * (1.0 - SHARE))
    return math.ceil(num_trainings / replicates)
