"""What every search with replicates promises about its trials: their order, replay, results.

The oracles are the same run with results in another order or replayed, and the bare engine.
"""

import math
import random
from collections.abc import Callable

import pytest

from evonas.search.engines import make_search
from evonas.search.pareto import Vector
from evonas.search.problem import SearchProblem
from evonas.search.replicates.replicated_engines import make_replicated_search
from evonas.search.replicates.trial import Trial
from evonas.space import Genome
from tests.search.replicates.conftest import POPULATION, Make, run


def test_trials_are_numbered_and_asked_once(
    make: Make, measure: Callable[[Trial], Vector | None]
) -> None:
    log = [trial for trials in run(make(), measure, steps=7) for trial in trials]
    seen: dict[Genome, int] = {}
    for trial in log:
        assert trial.replicate == seen.get(trial.genome, 0)
        seen[trial.genome] = trial.replicate + 1
    assert len(log) == 7 * POPULATION
    assert max(seen.values()) > 1
    assert len(seen) > 3 * POPULATION


def test_order_of_results_does_not_matter(
    make: Make, measure: Callable[[Trial], Vector | None]
) -> None:
    plain, mixed = make(), make()
    expected = run(plain, measure, steps=6)
    assert run(mixed, measure, steps=6, shuffle=random.Random(1)) == expected
    assert mixed.results == plain.results
    assert mixed.estimates(mixed.results) == plain.estimates(plain.results)


def test_replayed_search_continues_like_the_original(
    make: Make, measure: Callable[[Trial], Vector | None]
) -> None:
    whole, replayed = make(), make()
    log = run(whole, measure, steps=6)
    for trials in log[:4]:
        assert replayed.ask(POPULATION) == trials
        replayed.tell(trials, [measure(trial) for trial in trials])
    owed = replayed.ask(POPULATION)
    assert replayed.in_flight == tuple(owed) == tuple(log[4])
    replayed.tell(owed, [measure(trial) for trial in owed])
    assert replayed.ask(POPULATION) == log[5]


def test_single_replicate_matches_bare_engine(
    search_name: str,
    num_objectives: int,
    make: Make,
    problem: SearchProblem,
    measure: Callable[[Trial], Vector | None],
) -> None:
    engine = make_search(
        search_name, problem, population=POPULATION, num_objectives=num_objectives, seed=3
    )
    search = make(replicates=1)
    for _ in range(6):
        genomes, trials = engine.ask(POPULATION), search.ask(POPULATION)
        assert trials == [Trial(genome, 0) for genome in genomes]
        vectors = [measure(trial) for trial in trials]
        engine.tell(genomes, vectors)
        search.tell(trials, vectors)
    assert [estimate.mean for estimate in search.estimates(search.results)] == [
        result.vector for result in search.results
    ]


@pytest.mark.parametrize(
    ("trials", "vectors", "message"),
    [
        ([1], [(1.0,)], "told but never asked for"),
        ([0, 0], [(1.0,), (1.0,)], "told twice"),
        ([0], [], "told 1 trials with 0 vectors"),
        ([0], [(1.0, 2.0)], "expected 1 objectives, got 2"),
        ([0], [(math.nan,)], "expected finite objectives"),
    ],
)
def test_invalid_tell_is_rejected_and_changes_nothing(
    problem: SearchProblem, trials: list[int], vectors: list[Vector], message: str
) -> None:
    search = make_replicated_search(
        "random", problem, population=4, num_objectives=1, seed=1, replicates=None
    )
    (asked,) = search.ask(1)
    with pytest.raises(ValueError, match=message):
        search.tell([Trial(asked.genome, k) for k in trials], vectors)
    assert search.results == []
    assert search.in_flight == (asked,)
    with pytest.raises(ValueError, match="count: expected at least 1, got 0"):
        search.ask(0)


def test_two_workers_get_the_same_asks_as_one(
    make: Make, measure: Callable[[Trial], Vector | None]
) -> None:
    """Two workers finish in a different order; results of one generation come in parts."""
    alone, together = make(), make()
    for _ in range(5):
        trials = alone.ask(POPULATION)
        assert together.ask(POPULATION) == trials
        alone.tell(trials, [measure(trial) for trial in trials])
        for worker in (1, 0):
            part = trials[worker::2]
            together.tell(part, [measure(trial) for trial in part])
    assert alone.ask(POPULATION) == together.ask(POPULATION)
