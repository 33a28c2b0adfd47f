"""Engines that need a guide, and engines with the EG operator added to their own variation."""

from evonas.errors import ConfigError
from evonas.search.supernet_guided.bionas_darts import BionasDarts
from evonas.search.supernet_guided.bionas_eg import BionasEg
from evonas.search.supernet_guided.relaxed_search import AbstractRelaxedSearch

GUIDED_SEARCHES: dict[str, type[AbstractRelaxedSearch]] = {
    search.name: search for search in (BionasDarts, BionasEg)
}
"""They train a supernet, so they need networks and images; a table of results has neither."""


def refuse_guided(name: str) -> None:
    """Refuse an engine that needs a guide if there is none.

    Raises:
        ConfigError: it needs one.
    """
    if name in GUIDED_SEARCHES:
        raise ConfigError(
            f"algorithm '{name}': it trains a supernet, which takes networks and images; a table "
            "of results has neither. Choose another, or search with: evonas run"
        )


def check_mutation(mutation: str, *, algorithm: str) -> None:
    """Refuse an operator that an engine does not support.

    Raises:
        ConfigError: the engine has no variation of its own to combine it with.
    """
    if mutation == "plain":
        return
    if algorithm in GUIDED_SEARCHES:
        raise ConfigError(
            f"mutation: 'eg' and algorithm '{algorithm}' both search in a supernet; choose one"
        )
    if algorithm == "random":
        raise ConfigError("mutation: algorithm 'random' is the control and varies nothing")
