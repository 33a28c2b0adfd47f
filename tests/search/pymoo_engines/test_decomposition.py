"""Survivors of NSGA-III, SMS-EMOA, RVEA and MOEA/D, computed in a different way."""

import random
from collections.abc import Callable
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymoo.algorithms.moo.rvea import APDSurvival
from pymoo.core.population import Population
from pymoo.core.problem import Problem as PymooProblem

from evonas.search.engines import make_search
from evonas.search.pareto import Vector, hypervolume
from evonas.search.problem import SearchProblem
from evonas.search.pymoo_engines.moead import Moead
from evonas.search.pymoo_engines.nsga3 import smaller_violation
from evonas.search.pymoo_engines.pymoo_search import AbstractPymooSearch
from evonas.search.pymoo_engines.rvea import HORIZON, Rvea, angle_survivors
from evonas.search.reference_directions import reference_directions
from evonas.space import Genome


@pytest.fixture
def problem(toy: Callable[..., SearchProblem]) -> SearchProblem:
    return toy(num_sites=6, num_operations=4)


def make(name: str, problem: SearchProblem, *, population: int, num_objectives: int = 2) -> Moead:
    search = make_search(
        name, problem, population=population, num_objectives=num_objectives, seed=0
    )
    assert isinstance(search, AbstractPymooSearch | Moead)
    return search  # type: ignore[return-value]


@pytest.mark.parametrize(("count", "at_most"), [(2, 20), (3, 20), (3, 2), (5, 20), (2, 3)])
def test_reference_directions_are_finest_lattice_that_fits(count: int, at_most: int) -> None:
    directions = reference_directions(count, at_most=at_most)
    assert np.allclose(directions.sum(axis=1), 1)
    assert {tuple(row) for row in np.eye(count)} <= {tuple(row) for row in directions}
    sizes = [comb(p + count - 1, count - 1) for p in range(1, 40)]
    assert len(directions) == max([size for size in sizes if size <= at_most] or [count])


def test_nsga3_keeps_point_nearest_to_each_direction(problem: SearchProblem) -> None:
    search = make("nsga3", problem, population=5)
    on_axes = [(x, 1 - x) for x in (0.0, 0.25, 0.5, 0.75, 1.0)]
    beside = [(0.1, 0.905), (0.4, 0.605), (0.6, 0.405), (0.9, 0.105), (0.33, 0.675)]
    asked = search.ask(5)
    search.tell(asked, on_axes)
    others = search.ask(5)
    search.tell(others, beside)
    search.ask(1)
    assert set(search.parents) == set(asked)  # type: ignore[attr-defined]


def test_nsga3_breaks_ties_with_given_generator() -> None:
    rows = Population.new(X=np.zeros((4, 1)), F=np.zeros((4, 2)), G=[[0.0], [1.0], [1.0], [0.0]])
    rows.set("CV", np.array([[0.0], [1.0], [1.0], [0.0]]))
    pairs = np.array([[0, 1], [2, 3], [1, 2], [0, 3]] * 50)
    draws = [
        smaller_violation(rows, pairs, random_state=np.random.default_rng(seed))
        for seed in (3, 3, 4)
    ]
    assert (draws[0] == draws[1]).all()
    assert (draws[0] != draws[2]).any()
    winners = draws[0][:, 0].reshape(50, 4)
    assert set(winners[:, 0]) == {0}
    assert set(winners[:, 1]) == {3}
    assert set(winners[:, 2]) == {1, 2}
    assert set(winners[:, 3]) == {0, 3}


@pytest.mark.parametrize("num_failed", [0, 3])
@pytest.mark.parametrize("num_objectives", [2, 3])
def test_smsemoa_drops_least_hypervolume_contributors(
    problem: SearchProblem, num_objectives: int, num_failed: int
) -> None:
    rng = random.Random(num_objectives)

    def on_front() -> Vector:
        ratios = [rng.random() + 0.01 for _ in range(num_objectives)]
        return tuple(10 * ratio / sum(ratios) for ratio in ratios)

    search = make("smsemoa", problem, population=8, num_objectives=num_objectives)
    told: dict[Genome, Vector] = {}
    for step, size in enumerate((8, 8, *[1] * 12, 8)):
        asked = search.ask(size)
        vectors: list[Vector | None] = [on_front() for _ in asked]
        if step == 0:
            vectors[:num_failed] = [None] * num_failed
        search.tell(asked, vectors)
        told.update((g, v) for g, v in zip(asked, vectors, strict=True) if v is not None)
        search.ask(1)
        told = kept(told, count=8)
        if len(told) == 8:
            assert set(search.parents) == set(told)  # type: ignore[attr-defined]


def kept(told: dict[Genome, Vector], *, count: int) -> dict[Genome, Vector]:
    """Remove points one after another, each time the one that costs least hypervolume."""
    F = np.array(list(told.values()))
    scaled = (F - F.min(axis=0)) / (F.max(axis=0) - F.min(axis=0))
    rows = {genome: tuple(row) for genome, row in zip(told, scaled.tolist(), strict=True)}
    while len(rows) > count:
        without = {g: [row for other, row in rows.items() if other != g] for g in rows}
        reference = (11.0,) * F.shape[1]
        least = max(rows, key=lambda g: hypervolume(without[g], reference=reference))
        del rows[least]
    return {genome: told[genome] for genome in rows}


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    num_objectives=st.integers(2, 4),
    progress=st.sampled_from([0.0, 0.3, 1.0]),
)
def test_rvea_selection_matches_pymoo(seed: int, num_objectives: int, progress: float) -> None:
    F = np.random.default_rng(seed).uniform(0.05, 1.0, (25, num_objectives))
    directions = reference_directions(num_objectives, at_most=12)
    theirs = APDSurvival(directions)
    theirs.ideal = np.zeros(num_objectives)
    rows = Population.new(X=np.arange(25)[:, None], F=F)
    chosen = theirs.do(
        PymooProblem(n_var=1, n_obj=num_objectives, xl=0, xu=25),
        rows,
        n_survive=25,
        n_gen=10 * progress,
        n_max_gen=10,
    )
    axes = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    ours = angle_survivors(F, axes, penalty=progress**2)
    assert sorted(ours) == sorted(int(x) for x in chosen.get("X")[:, 0])


def test_rvea_handles_points_exactly_on_an_axis() -> None:
    axes = np.array([[0.6, 0.8], [0.8, 0.6]])
    on_axis = [[3 * 0.6, 3 * 0.8], [5 * 0.8, 5 * 0.6]]  # cosines of 1, or a rounding above it
    F = np.array([*on_axis, [0.5, 0.8], [0.7, 0.5]])
    assert angle_survivors(F, axes, penalty=0.0) == [2, 3]


@pytest.mark.parametrize("scale", [1.0, 1e6])
def test_rvea_scales_reference_vectors_to_population(problem: SearchProblem, scale: float) -> None:
    search = make("rvea", problem, population=6)
    asked = search.ask(6)
    search.tell(asked, [(scale * i, 5.0 - i) for i in range(6)])
    search.ask(1)
    assert set(search.parents) == set(asked)  # type: ignore[attr-defined]


def test_rvea_adapts_ten_times_for_any_ask_size(problem: SearchProblem) -> None:
    for size in (1, 8):
        search = Rvea(problem, population=8, num_objectives=2, seed=0)
        told = 0
        while told < 8 * (HORIZON + 2):
            asked = search.ask(size)
            search.tell(asked, [(float(sum(g.values)), float(g.values[0])) for g in asked])
            told += len(asked)
        search.ask(1)
        survival = search._engine.survival
        assert survival._num_told == told
        assert survival._adaptations == 10


def test_moead_incumbents_minimise_their_tchebycheff_function(problem: SearchProblem) -> None:
    rng = random.Random(0)
    search = make("moead", problem, population=9)
    asked = search.ask(9)
    # the ends fix the scale: ideal (0, 0), worst incumbent (1, 1)
    vectors: list[Vector] = [(0.0, 1.0), (1.0, 0.0)]
    vectors += [(rng.random(), rng.random()) for _ in range(7)]
    search.tell(asked, vectors)
    told = dict(zip(asked, vectors, strict=True))
    for size in (9, 1, 4, 9, 2):
        asked = search.ask(size)
        vectors = [(rng.random() * 0.9 + 0.05, rng.random() * 0.9 + 0.05) for _ in asked]
        search.tell(asked, vectors)
        told.update(zip(asked, vectors, strict=True))
    search.ask(1)
    for direction, held in zip(reference_directions(2, at_most=9), search.incumbents, strict=True):
        values = {
            genome: max(w * abs(f) for w, f in zip(direction, vector, strict=True))
            for genome, vector in told.items()
        }
        assert values[held] == pytest.approx(min(values.values()))


def test_moead_child_replaces_only_in_its_own_neighbourhood(
    problem: SearchProblem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evonas.search.pymoo_engines.moead.NUM_NEIGHBOURS", 1)
    monkeypatch.setattr("evonas.search.pymoo_engines.moead.NEIGHBOUR_MATING_RATE", 0.0)
    search = make("moead", problem, population=6)
    asked = search.ask(6)
    search.tell(asked, [(5.0 + i, 5.0 - i) for i in range(6)])
    children = search.ask(6)  # one of every subproblem
    search.tell(children, [(-1.0, -1.0)] * 6)  # each solves all subproblems equally well
    search.ask(1)
    assert set(search.incumbents) == set(children)


@pytest.mark.parametrize("name", ["moead", "smsemoa"])
def test_asks_do_not_depend_on_units_of_objective(problem: SearchProblem, name: str) -> None:
    runs = []
    for scale in (1.0, 2.0**20):  # a power of two changes no digit
        search = make(name, problem, population=10)
        genomes = []
        for _ in range(8):
            asked = search.ask(10)
            search.tell(asked, [(sum(g.values) * scale, 9.0 - g.values[0]) for g in asked])
            genomes += asked
        runs.append(genomes)
    assert runs[0] == runs[1]
