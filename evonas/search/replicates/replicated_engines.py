"""Engines with replicates by name: what ``--replicates`` stands for."""

from evonas.errors import ConfigError
from evonas.search.engines import make_search
from evonas.search.problem import SearchProblem
from evonas.search.replicates.fixed_replicates import FixedReplicates
from evonas.search.replicates.racing import RacingSearch
from evonas.search.replicates.replicated_search import AbstractReplicatedSearch

AUTO = "auto"


def parse_replicates(text: str) -> int | None:
    """The number of trainings of every genome; ``None`` for ``auto``.

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
        name: of the engine, a key of :data:`evonas.search.engines.SEARCHES`.
        problem: the space.
        population: how many genomes the algorithm keeps, and how many make a generation.
        num_objectives: the length of every vector it will be told.
        seed: equal seeds and equal results give equal asks.
        replicates: trainings of every genome; ``None`` to spend each where it helps most.

    Raises:
        UnknownNameError: no search has this name.
        ConfigError: see :func:`evonas.search.engines.make_search`.
    """
    engine = make_search(
        name, problem, population=population, num_objectives=num_objectives, seed=seed
    )
    if replicates is None:
        return RacingSearch(engine, seed=seed)
    return FixedReplicates(engine, count=replicates)
