"""Engines with replicates, as chosen by ``--replicates``."""

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
    """Parse the number of trainings of every genome; ``None`` for ``auto``.

    Raises:
        ConfigError: the text is neither a number of at least 1 nor ``auto``.
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
    """Create a search with replicates.

    Args:
        name: name of the engine, a key of :data:`evonas.search.engines.SEARCHES`.
        problem: search space.
        population: number of genomes that the algorithm keeps, and the size of a generation.
        num_objectives: length of every vector it will be told.
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
    """Wrap a new engine as a search with replicates.

    Args:
        engine: engine that was not asked for anything yet.
        seed: seed of the draws for the replicates.
        replicates: as for :func:`make_replicated_search`.
    """
    if replicates is None:
        return RacingSearch(engine, seed=seed)
    return FixedReplicates(engine, count=replicates)


def expected_genomes(num_trainings: int, *, replicates: int | None) -> int:
    """Return how many new genomes an engine will be asked for within a number of trainings.

    Args:
        num_trainings: total number of trainings.
        replicates: as for :func:`make_replicated_search`.
    """
    if replicates is None:
        return math.ceil(num_trainings * (1.0 - SHARE))
    return math.ceil(num_trainings / replicates)
