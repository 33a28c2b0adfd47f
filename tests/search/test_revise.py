"""After a revision, an engine behaves as if it had observed the new values from the start."""

from collections.abc import Callable

import pytest

from evonas.search.base import AbstractSearch
from evonas.search.engines import make_search
from evonas.search.problem import SearchProblem
from evonas.space import Genome

POPULATION = 6
STATELESS = ("evonas", "nsga2", "mu-plus-lambda", "deap-nsga2", "aging", "pls", "local")


@pytest.fixture
def problem(toy: Callable[..., SearchProblem]) -> SearchProblem:
    return toy(num_sites=4, num_operations=3)


def told(name: str, problem: SearchProblem) -> tuple[AbstractSearch, list[Genome]]:
    num_objectives = 1 if name == "local" else 2
    search = make_search(
        name, problem, population=POPULATION, num_objectives=num_objectives, seed=4
    )
    return search, search.ask(12)


def truth(genome: Genome, length: int) -> tuple[float, ...]:
    return (float(sum(genome.values)), float(sum((v - 2) ** 2 for v in genome.values)))[:length]


@pytest.mark.parametrize("name", STATELESS)
def test_revision_before_learning_equals_telling_new_values(
    name: str, problem: SearchProblem
) -> None:
    first, genomes = told(name, problem)
    second, _ = told(name, problem)
    right = [truth(genome, first.num_objectives) for genome in genomes]
    first.tell(genomes, right)
    second.tell(genomes, [tuple(-value for value in vector) for vector in right])
    second.revise(genomes, right)
    assert second.ask(POPULATION) == first.ask(POPULATION)


@pytest.mark.parametrize("name", ["evonas", "aging", "pls"])
def test_revision_after_learning_replaces_values(name: str, problem: SearchProblem) -> None:
    search, genomes = told(name, problem)
    search.tell(genomes, [(0.0, 0.0)] * 12)
    search.ask(1)
    best = min(genomes, key=lambda genome: sum(genome.values))
    vectors = [(0.0, 0.0) if genome == best else (5.0, 5.0) for genome in genomes]
    search.revise(genomes, vectors)
    if name == "pls":
        assert search.archive == (best,)  # type: ignore[attr-defined]
    if name == "evonas":
        assert search._front() == [best]  # type: ignore[attr-defined]
    if name == "aging":
        assert {o.vector for o in search._inside} <= {(0.0, 0.0), (5.0, 5.0)}  # type: ignore[attr-defined]
        assert (5.0, 5.0) in {o.vector for o in search._inside}  # type: ignore[attr-defined]


def test_revising_unknown_or_malformed_results_is_rejected(problem: SearchProblem) -> None:
    search, genomes = told("nsga2", problem)
    with pytest.raises(ValueError, match="was revised but never told"):
        search.revise(genomes[:1], [(1.0, 1.0)])
    search.tell(genomes[:1], [(1.0, 1.0)])
    with pytest.raises(ValueError, match="expected 2 objectives, got 1"):
        search.revise(genomes[:1], [(1.0,)])
