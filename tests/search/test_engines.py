"""Every engine against random search, and in a space where half of the candidates fail."""

import sys
from collections.abc import Callable
from statistics import mean

import pytest

from evonas.errors import ConfigError
from evonas.search.engines import SEARCHES, make_search
from evonas.search.pareto import Vector, hypervolume
from evonas.search.problem import SearchProblem
from evonas.space import Genome

NUM_EVALUATIONS = 300
NUM_SEEDS = 3


def leading_ones_trailing_zeros(genome: Genome) -> tuple[float, float]:
    """The benchmark LOTZ (Laumanns et al. 2004), negated; hopeless for random search."""
    bits = genome.values[: len(genome.values) // 2]
    ones = next((i for i, bit in enumerate(bits) if bit != 1), len(bits))
    zeros = next((i for i, bit in enumerate(reversed(bits)) if bit != 0), len(bits))
    return (-float(ones), -float(zeros))


def score(
    name: str, problem: SearchProblem, *, num_objectives: int, seed: int, num_evaluations: int
) -> float:
    """The archive's hypervolume; leading ones alone for one objective."""
    search = make_search(name, problem, population=20, num_objectives=num_objectives, seed=seed)
    archive: list[Vector] = []
    while len(archive) < num_evaluations:
        asked = search.ask(1 if search.is_sequential else 20)
        vectors = [leading_ones_trailing_zeros(genome)[:num_objectives] for genome in asked]
        search.tell(asked, vectors)
        archive += vectors
    return hypervolume(archive, reference=(0.0,) * num_objectives)


def test_engine_beats_random_search_on_leading_ones_trailing_zeros(
    search_name: str, num_objectives: int, toy: Callable[..., SearchProblem]
) -> None:
    if search_name == "random":
        pytest.skip("it is random search")
    problem = toy(num_sites=14, num_operations=2)
    is_slow = search_name == "optuna"
    ours, theirs = (
        [
            score(
                name,
                problem,
                num_objectives=num_objectives,
                seed=seed,
                num_evaluations=100 if is_slow else NUM_EVALUATIONS,
            )
            for seed in range(1 if is_slow else NUM_SEEDS)
        ]
        for name in (search_name, "random")
    )
    assert mean(ours) > 1.15 * mean(theirs)


def test_engine_learns_to_avoid_failing_region(
    search_name: str, num_objectives: int, toy: Callable[..., SearchProblem]
) -> None:
    """Half of the space fails; a search learns to avoid that half."""
    if search_name == "optuna":
        pytest.skip("its model leaves failures out, and does not know what they have in common")
    problem = toy(num_sites=12, num_operations=4)
    search = make_search(
        search_name, problem, population=10, num_objectives=num_objectives, seed=1
    )
    shares = []
    for _ in range(12):
        asked = search.ask(10)
        fails = [genome.values[0] < 2 for genome in asked]
        values = [
            (float(-genome.values[1]), float(genome.values[2]))[:num_objectives]
            for genome in asked
        ]
        search.tell(asked, [None if f else v for f, v in zip(fails, values, strict=True)])
        shares.append(mean(fails))
    if search_name == "random":
        assert mean(shares) == pytest.approx(0.5, abs=4 * (0.25 / 120) ** 0.5)
    else:
        assert mean(shares[6:]) < 0.4


def test_every_engine_has_registered_name_title_and_source() -> None:
    for name, search in SEARCHES.items():
        assert search.name == name
        assert search.title
        assert search.source or name == "random"


def test_missing_optuna_raises_config_error(
    toy: Callable[..., SearchProblem], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ConfigError, match=r"not installed; pip install 'evonas\[optuna\]'"):
        make_search("optuna", toy(2, 2), population=4, num_objectives=2, seed=0)
