"""Engines that need a guide, and any engine with the EG operator beside its own variation."""

from evonas.errors import ConfigError
from evonas.search.supernet_guided.bionas_darts import BionasDarts
from evonas.search.supernet_guided.bionas_eg import BionasEg
from evonas.search.supernet_guided.relaxed_search import AbstractRelaxedSearch

GUIDED_SEARCHES: dict[str, type[AbstractRelaxedSearch]] = {
    search.name: search for search in (BionasDarts, BionasEg)
}
"""They train a supernet, so they need networks and images; a table of results has neither."""


def refuse_guided(name: str) -> None:
    """Refuse an engine that needs a guide where there is none.

    Raises:
        ConfigError: it does.
    """
    if name in GUIDED_SEARCHES:
        raise ConfigError(
            f"algorithm '{name}': it trains a supernet, which takes networks and images; a table "
            "of results has neither. Choose another, or search with: evonas run"
        )


def check_mutation(mutation: str, *, algorithm: str) -> None:
    """Refuse an operator that an engine has no place for.

    Raises:
        ConfigError: the engine has no variation that it could stand beside.
    """
    if mutation == "plain":
        return
    if algorithm in GUIDED_SEARCHES:
        raise ConfigError(
            f"mutation: 'eg' and algorithm '{algorithm}' both search in a supernet; choose one"
        )
    if algorithm == "random":
        raise ConfigError("mutation: algorithm 'random' is the control and varies nothing")
