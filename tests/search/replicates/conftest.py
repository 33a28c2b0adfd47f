"""Every engine with replicates on a toy space, and noisy trainings, some of which fail."""

import random
from collections.abc import Callable

import pytest

from evonas.search.pareto import Vector
from evonas.search.problem import SearchProblem
from evonas.search.replicates.replicated_engines import make_replicated_search
from evonas.search.replicates.replicated_search import AbstractReplicatedSearch
from evonas.search.replicates.trial import Trial

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
