"""Search engines by ask and tell: genomes out, vectors to minimise in; no network in sight."""

from evonas.registry import look_up
from evonas.search.base import AbstractSearch
from evonas.search.nsga2 import Nsga2
from evonas.search.pareto import Normaliser, Vector, hypervolume, non_dominated
from evonas.search.problem import Problem
from evonas.search.random_search import RandomSearch

SEARCHES: dict[str, type[AbstractSearch]] = {
    search.name: search for search in (Nsga2, RandomSearch)
}


def make_search(
    name: str, problem: Problem, *, population: int, num_objectives: int, seed: int
) -> AbstractSearch:
    """A new search by its name.

    Args:
        name: a key of :data:`SEARCHES`.
        problem: the space; see :class:`Problem`.
        population: how many genomes the algorithm keeps, and how many make a generation.
        num_objectives: the length of every vector it will be told.
        seed: equal seeds and equal results give equal asks.

    Raises:
        UnknownNameError: no search has this name.
        ConfigError: the population is smaller than two.
    """
    search = look_up(SEARCHES, name, kind="search")
    return search(problem, population=population, num_objectives=num_objectives, seed=seed)


__all__ = [
    "SEARCHES",
    "AbstractSearch",
    "Normaliser",
    "Nsga2",
    "Problem",
    "RandomSearch",
    "Vector",
    "hypervolume",
    "make_search",
    "non_dominated",
]
