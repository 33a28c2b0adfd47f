"""What every search with replicates promises: order, replay, failures kept apart."""

import math
import random
from collections.abc import Callable

import pytest

from evonas.errors import ConfigError
from evonas.search.engines import make_search
from evonas.search.pareto import Vector
from evonas.search.problem import SearchProblem
from evonas.search.replicates.estimate import returned_front
from evonas.search.replicates.replicated_engines import make_replicated_search, parse_replicates
from evonas.search.replicates.replicated_search import AbstractReplicatedSearch
from evonas.search.replicates.sample import Sample, samples_of
from evonas.search.replicates.trial import Trial, TrialResult
from evonas.space import Genome

Make = Callable[..., AbstractReplicatedSearch]
POPULATION = 8


@pytest.fixture
def problem(toy: Callable[..., SearchProblem]) -> SearchProblem:
    return toy(num_sites=4, num_operations=3)


@pytest.fixture
def make(search_name: str, num_objectives: int, problem: SearchProblem) -> Make:
    def make(replicates: int | None = None, seed: int = 3) -> AbstractReplicatedSearch:
        return make_replicated_search(
            search_name,
            problem,
            population=POPULATION,
            num_objectives=num_objectives,
            seed=seed,
            replicates=replicates,
        )

    return make


@pytest.fixture
def measure(num_objectives: int) -> Callable[[Trial], Vector | None]:
    """Sums of genes with noise; one training in twelve fails."""

    def measure(trial: Trial) -> Vector | None:
        rng = random.Random(str(trial))
        values = trial.genome.values
        truth = (float(sum(values)), float(sum((v - 2) ** 2 for v in values)))
        if rng.random() < 1 / 12:
            return None
        return tuple(value + rng.gauss(0.0, 0.7) for value in truth[:num_objectives])

    return measure


def run(
    search: AbstractReplicatedSearch,
    measure: Callable[[Trial], Vector | None],
    *,
    steps: int,
    shuffle: random.Random | None = None,
) -> list[list[Trial]]:
    log = []
    for _ in range(steps):
        trials = search.ask(POPULATION)
        log.append(trials)
        order = list(trials)
        if shuffle is not None:
            shuffle.shuffle(order)
        parts = [order] if shuffle is None else [order[:3], order[3:]]
        for part in parts:
            search.tell(part, [measure(trial) for trial in part])
    return log


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


def test_single_asks_include_some_replicates(
    make: Make, measure: Callable[[Trial], Vector | None]
) -> None:
    search = make()
    for _ in range(6 * POPULATION):
        (trial,) = search.ask(1)
        search.tell([trial], [measure(trial)])
    assert 0 < sum(result.trial.replicate > 0 for result in search.results) < 3 * POPULATION


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


def test_partial_trainings_count_only_until_a_full_one() -> None:
    genome = Genome((0,))
    part = TrialResult(0, Trial(genome, 0), (9.0,), 0.0, is_whole=False)
    whole = TrialResult(1, Trial(genome, 1), (1.0,), 0.0)
    assert [sample.mean for sample in samples_of([part])] == [(9.0,)]
    assert [sample.mean for sample in samples_of([part, whole])] == [(1.0,)]


@pytest.mark.parametrize(
    ("vectors", "violations", "expected"),
    [
        ([(1.0,), None, (3.0,)], [0.0, math.inf, 0.0], ((2.0,), 0.0, 2, 1)),
        ([(1.0,), None, None], [0.0, math.inf, math.inf], (None, math.inf, 1, 2)),
        ([(1.0,), None], [0.0, math.inf], (None, math.inf, 1, 1)),
        ([None], [math.inf], (None, math.inf, 0, 1)),
        ([(1.0,), None, None], [0.0, 2.0, 4.0], (None, 3.0, 3, 0)),
        ([(1.0,), (2.0,), None], [0.0, 0.0, 4.0], ((1.5,), 0.0, 3, 0)),
        # a mean of those within the constraints alone would be too good
        ([(1.0,), (2.0,), (9.0,)], [0.0, 0.0, 4.0], ((4.0,), 0.0, 3, 0)),
        ([(1.0,), (5.0,), (9.0,)], [0.0, 2.0, 4.0], (None, 3.0, 3, 0)),
    ],
)
def test_failures_and_violations_are_counted_separately_from_means(
    vectors: list[Vector | None],
    violations: list[float],
    expected: tuple[Vector | None, float, int, int],
) -> None:
    genome = Genome((0,))
    results = [
        TrialResult(i, Trial(genome, i), vector, violation)
        for i, (vector, violation) in enumerate(zip(vectors, violations, strict=True))
    ]
    (found,) = samples_of(list(reversed(results)))
    assert (found.mean, found.violation, found.replicates, found.collapsed) == expected
    assert samples_of(results) == [found]


def test_scatter_is_sum_of_squares_about_the_mean() -> None:
    assert Sample(Genome((0,)), ((1.0, 0.0), (3.0, 0.0)), (0.0, 0.0), 0).scatter == (2.0, 0.0)


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


def test_replicates_parse_as_auto_or_positive_integer() -> None:
    assert parse_replicates(" auto ") is None
    assert parse_replicates("3") == 3
    for wrong in ("0", "-1", "1.5", "many", ""):
        with pytest.raises(ConfigError, match="expected 'auto' or a whole number of at least 1"):
            parse_replicates(wrong)


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
