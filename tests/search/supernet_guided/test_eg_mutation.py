"""The parts of the EG operator, with a guide that is a formula; reproducibility."""

import random
from collections.abc import Callable
from dataclasses import replace
from statistics import mean
from typing import Any

import numpy as np
import pytest

from evonas.errors import UnknownNameError
from evonas.search.problem import SearchProblem
from evonas.search.supernet_guided.eg_mutation import PARTS, EgMutation, EgSettings
from evonas.space import Genome

Maker = Callable[..., SearchProblem]
Guides = Callable[[SearchProblem, Genome], Any]
ALL = tuple(PARTS)


def some(problem: SearchProblem, seed: int) -> Genome:
    rng = random.Random(seed)
    values = tuple(rng.randrange(len(gene.choices)) for gene in problem.genes)
    return problem.canonical(Genome(values))


def everything(_: str) -> bool:
    return True


def only(*parts: str) -> tuple[str, ...]:
    """The parts to switch off so that only these are left."""
    return tuple(part for part in ALL if part not in parts)


def mean_loss(problem: SearchProblem, guides: Guides, *, without: tuple[str, ...]) -> float:
    """Mean loss of the first two children, over twelve targets."""
    losses: list[float] = []
    for seed in range(12):
        guide = guides(problem, some(problem, 100 + seed))
        operator = EgMutation(problem, guide, seed=seed, settings=EgSettings(without=without))
        children = operator.children(some(problem, seed), 2, is_new=everything)
        losses += [guide.loss(child) for child in children]
    return mean(losses)


def test_children_are_new_canonical_and_distinct(toy: Maker, formula_guide: Guides) -> None:
    problem = toy(4, 3, 3, is_symmetric=True)
    parent = some(problem, 0)
    operator = EgMutation(
        problem, formula_guide(problem, some(problem, 1)), seed=0, settings=EgSettings()
    )
    known = {problem.key(parent)}

    def is_new(key: str) -> bool:
        return key not in known

    for _ in range(5):
        children = operator.children(parent, 4, is_new=is_new)
        keys = [problem.key(child) for child in children]
        assert children == [problem.canonical(child) for child in children]
        assert len(set(keys)) == len(keys)
        assert not known & set(keys)
        known |= set(keys)


def test_the_best_children_come_first(toy: Maker, formula_guide: Guides) -> None:
    problem = toy(6, 4, 2)
    guide = formula_guide(problem, some(problem, 1))
    settings = EgSettings(without=("similarity",))
    operator = EgMutation(problem, guide, seed=0, settings=settings)
    children = operator.children(some(problem, 0), 36, is_new=everything)
    losses = [guide.loss(child) for child in children]
    assert losses == sorted(losses)
    assert losses[0] == min(guide.loss(genome) for genome in guide.scored)


def test_children_depend_on_seed_and_not_on_global_generators(
    toy: Maker, formula_guide: Guides
) -> None:
    problem = toy(5, 4, 3)
    made = []
    for foreign in (1, 2):
        random.seed(foreign)
        np.random.seed(foreign)
        guide = formula_guide(problem, some(problem, 1))
        operator = EgMutation(problem, guide, seed=7, settings=EgSettings())
        made.append([operator.children(some(problem, n), 3, is_new=everything) for n in range(4)])
        made[-1].append(guide.learned)
    assert made[0] == made[1]


def test_guide_is_trained_once_on_random_genomes(toy: Maker, formula_guide: Guides) -> None:
    problem = toy(5, 4, 3)
    guide = formula_guide(problem, some(problem, 1))
    operator = EgMutation(problem, guide, seed=0, settings=EgSettings())
    assert guide.learned == []
    for seed in range(3):
        operator.children(some(problem, seed), 1, is_new=everything)
    assert len(guide.learned) == guide.num_epochs * guide.num_steps
    assert len(set(guide.learned)) > 1


# of 20 samples each; each first scores the parent
GENERATIONS = (slice(0, 1), slice(1, 21), slice(21, 22), slice(22, None))


def test_every_generation_draws_new_samples(toy: Maker, formula_guide: Guides) -> None:
    """The reference code of the paper draws one population again and again."""
    problem = toy(8, 4, 3)
    guide = formula_guide(problem, some(problem, 1))
    settings = EgSettings(generations=2, samples=20)
    EgMutation(problem, guide, seed=0, settings=settings).children(
        some(problem, 0), 1, is_new=everything
    )
    parent, first, again, second = (guide.scored[some] for some in GENERATIONS)
    assert parent == again
    assert len(first) == len(second) == 20
    assert first != second


def test_each_enabled_part_lowers_loss_of_children(toy: Maker, formula_guide: Guides) -> None:
    problem = toy(10, 5)
    nothing = mean_loss(problem, formula_guide, without=ALL)
    scored = mean_loss(problem, formula_guide, without=only("score"))
    adapted = mean_loss(problem, formula_guide, without=only("score", "cma"))
    moved = mean_loss(problem, formula_guide, without=only("score", "gradient"))
    assert scored < nothing - 0.03
    assert adapted < scored
    assert moved < scored - 0.03


def test_gradient_alone_lowers_loss_of_children(toy: Maker, formula_guide: Guides) -> None:
    problem = toy(10, 5)
    nothing = mean_loss(problem, formula_guide, without=ALL)
    moved = mean_loss(problem, formula_guide, without=only("gradient"))
    assert moved < nothing - 0.03


def test_guide_is_not_used_without_score_and_gradient(toy: Maker, formula_guide: Guides) -> None:
    problem = toy(4, 3)
    guide = formula_guide(problem, some(problem, 1))
    settings = EgSettings(without=("score", "gradient"))
    EgMutation(problem, guide, seed=0, settings=settings).children(
        some(problem, 0), 1, is_new=everything
    )
    assert guide.learned == []
    assert guide.scored == []


def test_similarity_term_follows_formula_and_vanishes_at_parent_accuracy(
    toy: Maker, formula_guide: Guides
) -> None:
    """Values computed from the formula at the head of the module."""
    problem = toy(6, 4)
    target = some(problem, 1)
    guide = formula_guide(problem, target)
    settings = EgSettings(without=("gradient",), eta=0.4, tau=0.05)
    operator = EgMutation(problem, guide, seed=0, settings=settings)
    plain = EgMutation(
        problem, guide, seed=0, settings=replace(settings, without=("gradient", "similarity"))
    )
    parent = some(problem, 0)
    point = operator._point(parent)
    (before,) = guide.score([parent])
    genomes = [parent, target, Genome(tuple(3 - value for value in target.values[:6]) + (0,) * 6)]
    for genome in genomes:
        scores = guide.score([genome])
        near, far = ([row] for row in (point, -point))
        value = plain._values(near, [genome], point=point, parent=parent)[0]
        pull = 0.5 * 0.4 * np.tanh((scores[0].accuracy - before.accuracy) / 0.05)
        assert operator._values(near, [genome], point=point, parent=parent) == [
            pytest.approx(value + pull)
        ]
        assert operator._values(far, [genome], point=point, parent=parent) == [
            pytest.approx(value - pull)
        ]


def test_unknown_part_is_rejected_by_name() -> None:
    with pytest.raises(UnknownNameError, match="unknown part of the EG operator 'gradients'"):
        EgSettings(without=("gradients",))
