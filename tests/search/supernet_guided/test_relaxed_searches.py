"""The two searches of BioNAS with a guide that is a formula; Adam against torch's."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from evonas.search.pareto import Vector
from evonas.search.problem import SearchProblem
from evonas.search.supernet_guided.adam import Adam
from evonas.search.supernet_guided.bionas_darts import BionasDarts
from evonas.search.supernet_guided.bionas_eg import BionasEg
from evonas.search.supernet_guided.relaxed_search import AbstractRelaxedSearch
from evonas.space import Genome

Maker = Callable[..., SearchProblem]
Guides = Callable[[SearchProblem, Genome], Any]
KINDS: dict[str, type[AbstractRelaxedSearch]] = {
    search.name: search for search in (BionasDarts, BionasEg)
}
NUM_ASKS = 4


@pytest.fixture(params=sorted(KINDS))
def kind(request: pytest.FixtureRequest) -> type[AbstractRelaxedSearch]:
    return KINDS[request.param]


def make(
    kind: type[AbstractRelaxedSearch],
    problem: SearchProblem,
    guides: Guides,
    *,
    num_epochs: int = 12,
    seed: int = 0,
) -> AbstractRelaxedSearch:
    target = problem.canonical(Genome((1,) * len(problem.genes)))
    guide = guides(problem, target)
    guide.num_epochs = num_epochs
    return kind(
        problem,
        population=5,
        num_objectives=2,
        seed=seed,
        guide=guide,
        num_candidates=5 * NUM_ASKS,
    )


def asked(search: AbstractRelaxedSearch, *, rounds: int = NUM_ASKS) -> list[list[Genome]]:
    vector: Vector = (0.0, 0.0)
    found = []
    for _ in range(rounds):
        found.append(search.ask(5))
        search.tell(found[-1], [vector] * len(found[-1]))
    return found


def test_search_approaches_the_optimum_of_the_guide(
    kind: type[AbstractRelaxedSearch], toy: Maker, formula_guide: Guides
) -> None:
    problem = toy(6, 4, 2)
    search = make(kind, problem, formula_guide)
    guide: Any = search.guide
    generations = asked(search)
    losses = [min(guide.loss(genome) for genome in genomes) for genomes in generations]
    assert min(losses) <= 1 / 12
    assert losses[0] > min(losses)
    assert guide.loss(search.space.decode(search.logits)) <= 3 / 12


def test_genomes_are_new_and_epochs_spread_evenly(
    kind: type[AbstractRelaxedSearch], toy: Maker, formula_guide: Guides
) -> None:
    problem = toy(6, 4, 2)
    search = make(kind, problem, formula_guide)
    guide: Any = search.guide
    keys: list[str] = []
    for number in range(1, NUM_ASKS + 1):
        keys += [problem.key(genome) for genome in search.ask(5)]
        assert len(guide.mixtures) == 3 * number * guide.num_steps
    assert len(set(keys)) == 5 * NUM_ASKS


def test_single_asks_train_the_guide_at_the_same_pace(
    kind: type[AbstractRelaxedSearch], toy: Maker, formula_guide: Guides
) -> None:
    search = make(kind, toy(6, 4, 2), formula_guide)
    guide: Any = search.guide
    for _ in range(10):
        assert len(search.ask(1)) == 1
    assert len(guide.mixtures) == 6 * guide.num_steps


def test_logits_stay_fixed_in_first_third_of_epochs(
    kind: type[AbstractRelaxedSearch], toy: Maker, formula_guide: Guides
) -> None:
    search = make(kind, toy(6, 4, 2), formula_guide)
    asked(search)
    guide: Any = search.guide
    moved = [bool(row.any()) for row in guide.mixtures]
    warm = 4 * guide.num_steps
    assert not any(moved[: warm + 1])
    assert all(moved[warm + guide.num_steps :])


def test_asks_before_logits_move_are_uniformly_random(
    kind: type[AbstractRelaxedSearch], toy: Maker, formula_guide: Guides
) -> None:
    """All genomes are equally probable then; the first in order would be an empty cell."""
    problem = toy(6, 4)
    values = [
        value
        for seed in range(12)
        for genome in make(kind, problem, formula_guide, seed=seed).ask(5)
        for value in genome.values[:6]
    ]
    for choice in range(4):
        share = values.count(choice) / len(values)
        assert share == pytest.approx(0.25, abs=4 * (0.25 * 0.75 / len(values)) ** 0.5)


def test_asks_depend_on_seed_and_not_on_global_generators(
    kind: type[AbstractRelaxedSearch], toy: Maker, formula_guide: Guides
) -> None:
    found = []
    for foreign in (1, 2):
        random.seed(foreign)
        np.random.seed(foreign)
        found.append(asked(make(kind, toy(6, 4, 2), formula_guide, seed=3)))
    assert found[0] == found[1]


def test_longer_run_exhausts_a_small_space(
    kind: type[AbstractRelaxedSearch], toy: Maker, formula_guide: Guides
) -> None:
    problem = toy(2, 3, 2)  # 25 networks
    search = make(kind, problem, formula_guide)
    genomes = [genome for generation in asked(search, rounds=8) for genome in generation]
    assert len(genomes) == len(set(genomes)) == 25
    assert search.ask(5) == []


def test_beta_decay_reduces_magnitude_of_logits(toy: Maker, formula_guide: Guides) -> None:
    """Compared with the same search without decay."""
    spreads = []
    for weight in (0.0, 20.0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("evonas.search.supernet_guided.bionas_darts.BETA_DECAY", weight)
            search = make(BionasDarts, toy(6, 4, 2), formula_guide)
            asked(search)
            spreads.append(float(np.abs(search.logits).mean()))
    assert spreads[1] < 0.9 * spreads[0]


def test_adam_matches_torch() -> None:
    rng = np.random.default_rng(0)
    row = rng.standard_normal(6)
    parameter = torch.nn.Parameter(torch.from_numpy(row.copy()))
    theirs = torch.optim.Adam([parameter], lr=0.03, betas=(0.5, 0.999), weight_decay=1e-2)
    ours = Adam(rate=0.03, first=0.5, second=0.999, weight_decay=1e-2)
    for _ in range(20):
        slope = rng.standard_normal(6)
        parameter.grad = torch.from_numpy(slope)
        theirs.step()
        row = ours.step(row, slope)
        assert row == pytest.approx(parameter.detach().numpy())
