"""The search engines by name, and checks that an engine supports what a run needs."""

from collections.abc import Sequence
from importlib.util import find_spec

from evonas.errors import ConfigError
from evonas.registry import look_up
from evonas.search.base import AbstractSearch
from evonas.search.baselines.aging import AgingEvolution
from evonas.search.baselines.local_search import LocalSearch
from evonas.search.baselines.optuna_tpe import OptunaTpe
from evonas.search.baselines.pareto_local_search import ParetoLocalSearch
from evonas.search.baselines.random_search import RandomSearch
from evonas.search.deap_engines.deap_nsga2 import DeapNsga2
from evonas.search.deap_engines.deap_spea2 import DeapSpea2
from evonas.search.deap_engines.mu_plus_lambda import MuPlusLambda
from evonas.search.guided_engines import refuse_guided
from evonas.search.model_guided.evonas_search import EvonasSearch
from evonas.search.problem import SearchProblem
from evonas.search.pymoo_engines.moead import Moead
from evonas.search.pymoo_engines.nsga2 import Nsga2
from evonas.search.pymoo_engines.nsga3 import Nsga3
from evonas.search.pymoo_engines.rvea import Rvea
from evonas.search.pymoo_engines.sms_emoa import SmsEmoa

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
    """Reject a search that does not support ``count`` objectives, or cannot run here.

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


def has_model(name: str) -> bool:
    """Whether an engine has a model that signals can inform; False for names not in SEARCHES."""
    return name in SEARCHES and SEARCHES[name].has_model


def check_signals(names: Sequence[str], *, algorithms: Sequence[str]) -> None:
    """Reject signals if no engine has a model that could use them.

    Raises:
        ConfigError: there are signals, but no engine that uses them.
    """
    if names and not any(map(has_model, algorithms)):
        able = ", ".join(name for name, search in SEARCHES.items() if search.has_model)
        raise ConfigError(
            f"signals: {', '.join(algorithms)} has no model that signals could inform; expected "
            f"--signals none, or the algorithm {able}"
        )


def _takes(search: type[AbstractSearch], count: int) -> bool:
    return search.min_objectives <= count <= (search.max_objectives or count)


def make_search(
    name: str, problem: SearchProblem, *, population: int, num_objectives: int, seed: int
) -> AbstractSearch:
    """Create a search by its name.

    Args:
        name: a key of :data:`SEARCHES`.
        problem: search space; see :class:`SearchProblem`.
        population: number of genomes that the algorithm keeps, and the size of a generation.
        num_objectives: length of every vector it will be told.
        seed: equal seeds and equal results give equal asks.

    Raises:
        UnknownNameError: no search has this name.
        ConfigError: the population is smaller than two, or the search does not support this
            number of objectives.
    """
    search = look_up(SEARCHES, name, kind="search")
    if num_objectives >= 1:
        check_search(name, num_objectives)
    return search(problem, population=population, num_objectives=num_objectives, seed=seed)
