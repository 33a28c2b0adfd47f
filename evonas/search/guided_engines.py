"""Engines that need a guide, and which engines can be combined with the EG operator."""

from evonas.errors import ConfigError
from evonas.search.supernet_guided.bionas_darts import BionasDarts
from evonas.search.supernet_guided.bionas_eg import BionasEg
from evonas.search.supernet_guided.relaxed_search import AbstractRelaxedSearch

GUIDED_SEARCHES: dict[str, type[AbstractRelaxedSearch]] = {
    search.name: search for search in (BionasDarts, BionasEg)
}
"""These train a supernet, so they need networks and images; a table of results has neither."""


def refuse_guided(name: str) -> None:
    """Reject an engine that needs a guide where none is available.

    Raises:
        ConfigError: the engine needs a guide.
    """
    if name in GUIDED_SEARCHES:
        raise ConfigError(
            f"algorithm '{name}': it trains a supernet, which takes networks and images; a table "
            "of results has neither. Choose another, or search with: evonas run"
        )


def check_mutation(mutation: str, *, algorithm: str) -> None:
    """Reject a mutation operator that the engine cannot use.

    Raises:
        ConfigError: the engine has no variation step that the operator could take part in.
    """
    if mutation == "plain":
        return
    if algorithm in GUIDED_SEARCHES:
        raise ConfigError(
            f"mutation: 'eg' and algorithm '{algorithm}' both search in a supernet; choose one"
        )
    if algorithm == "random":
        raise ConfigError(
            "mutation: algorithm 'random' is the control and has no variation; choose another"
        )
