"""Survivors by rank and crowding distance, as DEAP selects them (Deb et al. 2002, NSGA-II)."""

from deap import tools

from evonas.search.deap_engines.deap_search import Individual


def by_rank_and_crowding(individuals: list[Individual], count: int) -> list[Individual]:
    """Select the ``count`` best with DEAP's ``selNSGA2``, for any number of objectives.

    DEAP's fast sort sweeps over the first two objectives and fails with an ``IndexError`` if there
    is only one; its standard sort gives the same fronts.

    Args:
        individuals: feasible individuals, at least one.
        count: number of survivors.
    """
    num_objectives = len(individuals[0].fitness.wvalues)
    sort = "log" if num_objectives > 1 else "standard"
    return list(tools.selNSGA2(individuals, count, nd=sort))
