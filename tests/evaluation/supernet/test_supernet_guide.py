"""The supernet guide on digits: laws of its scores, and reproducibility."""

import math
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from evonas.evaluation.data.images import SearchData
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.supernet.supernet_guide import SupernetGuide
from evonas.evaluation.training.recipe import Recipe
from evonas.search.supernet_guided.guide_protocol import Guide
from evonas.space import Genome, Space, load

SPACE = load("tiny").resized(channels=4, cells=1).with_rules(("usf", "fa", "dfa", "bcm"))
RECIPE = Recipe(epochs=6, batch=32)


@pytest.fixture(scope="module")
def few() -> SearchData:
    return load_search_data("digits", seed=0, num_images=100)


def make(data: SearchData, *, space: Space = SPACE, **options: Any) -> SupernetGuide:
    return SupernetGuide(space, data, recipe=RECIPE, seed=1, **options)


def some(seed: int) -> Genome:
    return SPACE.canonical(SPACE.sample(random.Random(seed)))


def zeros() -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.zeros(sum(len(gene.choices) for gene in SPACE.genes))


def test_supernet_guide_satisfies_the_guide_protocol(few: SearchData) -> None:
    guide: Guide = make(few)
    assert (guide.num_steps, guide.num_epochs) == (3, 6)
    assert len(guide.slope(zeros())) == len(zeros())


def test_guide_is_reproducible_for_any_number_of_threads(few: SearchData) -> None:
    told = []
    threads = torch.get_num_threads()
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            guide = make(few)
            for seed in range(4):
                guide.learn_genome(some(seed))
            guide.learn_mixture(zeros())
            slope = guide.slope(zeros()).tolist()
            scores = guide.score([some(7), some(8)])
            told.append((slope, scores))
            assert torch.get_num_threads() == count
    finally:
        torch.set_num_threads(threads)
    assert told[0] == told[1]


def test_score_does_not_depend_on_other_scores_or_order(few: SearchData) -> None:
    guide = make(few)
    genomes = [some(seed) for seed in range(4)]
    first = guide.score(genomes)
    again = make(few)
    again.slope(zeros())
    assert [again.score([genome])[0] for genome in genomes[::-1]][::-1] == first
    guide.learn_genome(genomes[0])
    assert guide.score(genomes) != first


def test_rules_affect_scores_only_after_an_unrolled_step(few: SearchData) -> None:
    base = some(3)
    first_rule = next(n for n, gene in enumerate(SPACE.genes) if gene.kind == "rule")
    others = [
        Genome((*base.values[:first_rule], *[rule] * (len(base.values) - first_rule)))
        for rule in range(3)
    ]
    assert len({SPACE.key(genome) for genome in others}) == 3
    assert len(set(make(few, unrolled=0).score(others))) == 1
    assert len(set(make(few, unrolled=1).score(others))) == 3


def test_guide_learns_a_repeated_genome(few: SearchData) -> None:
    guide = make(few)
    genome = some(1)
    (before,) = guide.score([genome])
    for _ in range(guide.num_epochs * guide.num_steps):
        guide.learn_genome(genome)
    (after,) = guide.score([genome])
    assert before.loss > 0.9 * math.log(10)
    assert after.loss < before.loss - 0.2
    assert after.accuracy > before.accuracy + 0.2


def test_learning_a_genome_changes_only_its_weights(few: SearchData) -> None:
    guide = make(few)
    before = {name: p.clone() for name, p in guide._supernet.named_parameters()}
    guide.learn_genome(some(1))
    changed = {
        name for name, p in guide._supernet.named_parameters() if not torch.equal(p, before[name])
    }
    assert changed
    assert len(changed) < len(before)


def test_learning_a_mixture_changes_all_weights(few: SearchData) -> None:
    guide = make(few)
    before = {name: p.clone() for name, p in guide._supernet.named_parameters()}
    guide.learn_mixture(zeros())
    stays = {
        name for name, p in guide._supernet.named_parameters() if torch.equal(p, before[name])
    }
    assert not stays


def test_guide_scores_with_few_validation_images(few: SearchData) -> None:
    tiny = replace(few, validation=few.validation.subset(torch.arange(5)))
    (score,) = make(tiny).score([some(1)])
    assert score.accuracy in {0.0, 0.2, 0.4, 0.6, 0.8, 1.0}
