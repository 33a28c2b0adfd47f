"""Search engines by ask and tell: genomes out, vectors to minimise in; no network in sight."""

from importlib.util import find_spec

from evonas.errors import ConfigError
from evonas.registry import look_up
from evonas.search.aging import AgingEvolution
from evonas.search.base import AbstractSearch
from evonas.search.deap_nsga2 import DeapNsga2
from evonas.search.deap_spea2 import DeapSpea2
from evonas.search.eg_mutation import OFF_BY_DEFAULT, PARTS, EgMutation, EgSettings
from evonas.search.evonas_search import EvonasSearch
from evonas.search.guided import GUIDED_SEARCHES, MUTATIONS, check_mutation, refuse_guided
from evonas.search.guided_search import Credit, GuidedSearch
from evonas.search.local import LocalSearch
from evonas.search.moead import Moead
from evonas.search.mu_plus_lambda import MuPlusLambda
from evonas.search.nsga2 import Nsga2
from evonas.search.nsga3 import Nsga3
from evonas.search.optuna_tpe import OptunaTpe
from evonas.search.pareto import Normaliser, Vector, hypervolume, non_dominated
from evonas.search.pareto_local import ParetoLocalSearch
from evonas.search.problem import Problem
from evonas.search.random_search import RandomSearch
from evonas.search.rvea import Rvea
from evonas.search.sms_emoa import SmsEmoa

SEARCHES: dict[str, type[AbstractSearch]] = {
    search.name: search
    for search in (
        EvonasSearch,
        Nsga2,
        Nsga3,
        SmsEmoa,
        Rvea,
        Moead,
        DeapNsga2,
        DeapSpea2,
        MuPlusLambda,
        AgingEvolution,
        LocalSearch,
        ParetoLocalSearch,
        OptunaTpe,
        RandomSearch,
    )
}


def check_search(name: str, count: int) -> None:
    """Refuse a search that cannot optimise ``count`` objectives, or cannot run here.

    Raises:
        UnknownNameError: no search has this name.
        ConfigError: it needs more objectives, or takes fewer (the message names searches that will
            do), or its package is not installed.
    """
    refuse_guided(name)
    search = look_up(SEARCHES, name, kind="search")
    if search.package is not None and find_spec(search.package) is None:
        raise ConfigError(
            f"algorithm '{name}': the package {search.package} is not installed; "
            f"pip install 'evonas[{search.package}]'"
        )
    if _takes(search, count):
        return
    too_few = count < search.min_objectives
    expected = f"at least {search.min_objectives}" if too_few else f"{search.max_objectives}"
    others = ", ".join(each for each in SEARCHES if _takes(SEARCHES[each], count))
    raise ConfigError(
        f"algorithm '{name}': expected {expected} objective{'s' * (expected != '1')}, got "
        f"{count}; with {count}, choose among {others}"
    )


def _takes(search: type[AbstractSearch], count: int) -> bool:
    return search.min_objectives <= count <= (search.max_objectives or count)


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
        ConfigError: the population is smaller than two, or the search cannot optimise as many
            objectives.
    """
    search = look_up(SEARCHES, name, kind="search")
    if num_objectives >= 1:
        check_search(name, num_objectives)
    return search(problem, population=population, num_objectives=num_objectives, seed=seed)


__all__ = [
    "GUIDED_SEARCHES",
    "MUTATIONS",
    "OFF_BY_DEFAULT",
    "PARTS",
    "SEARCHES",
    "AbstractSearch",
    "Credit",
    "EgMutation",
    "EgSettings",
    "GuidedSearch",
    "Normaliser",
    "Nsga2",
    "Problem",
    "RandomSearch",
    "Vector",
    "check_mutation",
    "check_search",
    "hypervolume",
    "make_search",
    "non_dominated",
    "refuse_guided",
]
