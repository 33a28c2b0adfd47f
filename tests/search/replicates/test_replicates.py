"""When a genome is trained again, and how often; counting, truth without noise."""

import random
from collections.abc import Callable

import pytest

from evonas.errors import ConfigError
from evonas.search.pareto import Vector
from evonas.search.problem import SearchProblem
from evonas.search.replicates.estimate import returned_front
from evonas.search.replicates.replicated_engines import make_replicated_search, parse_replicates
from evonas.search.replicates.trial import Trial
from tests.search.replicates.conftest import POPULATION, Make, run


def test_single_asks_include_some_replicates(
    make: Make, measure: Callable[[Trial], Vector | None]
) -> None:
    search = make()
    for _ in range(6 * POPULATION):
        (trial,) = search.ask(1)
        search.tell([trial], [measure(trial)])
    assert 0 < sum(result.trial.replicate > 0 for result in search.results) < 3 * POPULATION


def test_noise_free_estimates_are_exact(make: Make, num_objectives: int) -> None:
    def exact(trial: Trial) -> Vector:
        values = trial.genome.values
        return (float(sum(values)), float(sum((v - 2) ** 2 for v in values)))[:num_objectives]

    search = make()
    run(search, exact, steps=6)
    estimates = search.estimates(search.results)
    for estimate in estimates:
        assert estimate.mean == pytest.approx(exact(Trial(estimate.genome, 0)))
        assert estimate.standard_error == pytest.approx((0.0,) * num_objectives)
    # the first replicates show that there is no noise
    again = sum(result.trial.replicate > 0 for result in search.results)
    assert 0 < again <= POPULATION
    assert returned_front(estimates)


def test_exhausted_space_gets_more_replicates(
    search_name: str, num_objectives: int, toy: Callable[..., SearchProblem]
) -> None:
    search = make_replicated_search(
        search_name,
        toy(num_sites=2, num_operations=3),
        population=4,
        num_objectives=num_objectives,
        seed=1,
        replicates=None,
    )
    for _ in range(8):
        trials = search.ask(4)
        told = [
            tuple(random.Random(f"{trial}{i}").gauss() for i in range(num_objectives))
            for trial in trials
        ]
        search.tell(trials, told)
    assert len({result.trial.genome for result in search.results}) == 9
    assert search.num_asked > 20


def test_fixed_replicates_follow_only_full_first_trainings(
    problem: SearchProblem,
) -> None:
    search = make_replicated_search(
        "random", problem, population=4, num_objectives=1, seed=1, replicates=3
    )
    first = search.ask(3)
    search.tell(first, [(1.0,), (5.0,), (9.0,)], whole=[True, False, True])
    again = search.ask(5)
    a, b, c = (trial.genome for trial in first)
    # replicates come after the new genome; a partial first training gets no replicates
    assert again[1:] == [Trial(a, 1), Trial(a, 2), Trial(c, 1), Trial(c, 2)]
    assert again[0].replicate == 0
    assert again[0].genome not in (a, b, c)
    search.tell(again, [(7.0,), (2.0,), (3.0,), (9.0,), (12.0,)])
    found = {each.genome: each for each in search.estimates(search.results)}
    assert [found[genome].mean for genome in (a, b, c)] == [(2.0,), (5.0,), (10.0,)]
    assert [found[genome].is_settled for genome in (a, b, c)] == [True, False, True]
    # scatters 2 and 6, four degrees of freedom, three trainings
    assert found[a].standard_error == pytest.approx(((8 / 4 / 3) ** 0.5,))


def test_auto_ends_with_replicates_only(
    make: Make, measure: Callable[[Trial], Vector | None]
) -> None:
    search = make()
    run(search, measure, steps=4)
    last = search.ask(POPULATION, remaining=POPULATION)
    assert all(trial.replicate > 0 for trial in last)


def test_replicates_parse_as_auto_or_positive_integer() -> None:
    assert parse_replicates(" auto ") is None
    assert parse_replicates("3") == 3
    for wrong in ("0", "-1", "1.5", "many", ""):
        with pytest.raises(ConfigError, match="expected 'auto' or a whole number of at least 1"):
            parse_replicates(wrong)
