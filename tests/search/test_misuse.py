"""Every search rejects calls that break the contract, and settings out of range."""

from collections.abc import Callable

import pytest

from evonas.errors import ConfigError, UnknownNameError
from evonas.search.base import AbstractSearch
from evonas.search.engines import make_search
from evonas.search.pareto import Vector
from evonas.search.problem import SearchProblem
from evonas.space import Genome

STRANGER = Genome((2, 2, 2, 2, 2, 2, 2, 2))


@pytest.fixture
def problem(toy: Callable[..., SearchProblem]) -> SearchProblem:
    return toy(num_sites=4, num_operations=3, num_rules=3, is_symmetric=True)


@pytest.fixture
def plain(problem: SearchProblem) -> AbstractSearch:
    """A search that does not override ``tell``."""
    return make_search("random", problem, population=10, num_objectives=2, seed=0)


@pytest.mark.parametrize(
    ("vector", "message"),
    [
        ((1.0,), "expected 2 objectives, got 1"),
        ((1.0, 2.0, 3.0), "expected 2 objectives, got 3"),
        ((1.0, float("nan")), "expected finite objectives, or None"),
        ((float("inf"), 1.0), "expected finite objectives, or None"),
    ],
)
def test_malformed_vector_rejects_the_whole_tell(
    plain: AbstractSearch, vector: Vector, message: str
) -> None:
    genomes = plain.ask(2)
    with pytest.raises(ValueError, match=message):
        plain.tell(genomes, [(0.0, 0.0), vector])
    plain.tell(genomes, [(0.0, 0.0), (0.0, 1.0)])


@pytest.mark.parametrize(
    ("vector", "violation"),
    [((0.0, 0.0), 1.0), (None, 0.0), (None, -1.0), (None, float("nan")), ((0.0, 0.0), -1.0)],
)
def test_violation_contradicting_its_vector_is_rejected(
    plain: AbstractSearch, vector: Vector | None, violation: float
) -> None:
    (genome,) = plain.ask(1)
    with pytest.raises(ValueError, match="expected violation 0 with a vector"):
        plain.tell([genome], [vector], violations=[violation])
    with pytest.raises(ValueError, match="1 genomes with 2 violations"):
        plain.tell([genome], [None], violations=[1.0, 1.0])
    assert plain.in_flight == (genome,)


def test_tell_accepts_only_asked_genomes_once(
    plain: AbstractSearch,
) -> None:
    with pytest.raises(ValueError, match="never asked for"):
        plain.tell([STRANGER], [(0.0, 0.0)])
    genome, other = plain.ask(2)
    with pytest.raises(ValueError, match="told twice"):
        plain.tell([genome, genome], [(0.0, 0.0), (0.0, 0.0)])
    with pytest.raises(ValueError, match="2 genomes with 1 vectors"):
        plain.tell([genome, other], [(0.0, 0.0)])
    plain.tell([genome], [(0.0, 0.0)])
    with pytest.raises(ValueError, match="told twice"):
        plain.tell([genome], [(0.0, 0.0)])
    assert plain.in_flight == (other,)


def test_out_of_range_settings_are_rejected(
    search_name: str, num_objectives: int, problem: SearchProblem
) -> None:
    with pytest.raises(ConfigError, match="population: expected at least 2, got 1"):
        make_search(search_name, problem, population=1, num_objectives=num_objectives, seed=0)
    with pytest.raises(ValueError, match="num_objectives"):
        make_search(search_name, problem, population=2, num_objectives=0, seed=0)
    search = make_search(search_name, problem, population=2, num_objectives=num_objectives, seed=0)
    with pytest.raises(ValueError, match="count: expected at least 1, got 0"):
        search.ask(0)


def test_unknown_search_is_rejected_with_suggestion(problem: SearchProblem) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'nsga2'"):
        make_search("nsg2", problem, population=2, num_objectives=2, seed=0)
