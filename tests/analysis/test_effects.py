"""Oracles: values with known effects, and without effects."""

import math
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from evonas.analysis.effects import ANY_SITE, Effects, main_effects
from evonas.analysis.population import Population
from evonas.analysis.regression import fit_additive, fit_gaussian_process
from evonas.errors import ConfigError
from evonas.search.model_guided.genome_features import Features
from evonas.search.model_guided.surrogate import Surrogate
from evonas.space import Genome, Space, load
from tests.analysis.populations import member, population, random_genomes

WORTH = {"conv3x3": 0.05, "skip": -0.02}


def tiny() -> Space:
    return load("tiny").resized(channels=4, cells=1).with_rules(("fa", "usf"))


def made(value: Callable[[Space, Genome], dict[str, float]], *, count: int = 40) -> Population:
    space = tiny()
    genomes = random_genomes(space, count, seed=0)
    some = [member(space, genome, values=value(space, genome)) for genome in genomes]
    return population(space, some, tuple(some[0].values))


def operations(space: Space) -> list[int]:
    return [i for i, gene in enumerate(space.genes) if gene.kind == "operation"]


def planted(space: Space, genome: Genome) -> dict[str, float]:
    """Accuracy and parameters depend only on the choice of the first operation gene."""
    first = operations(space)[0]
    return {"acc": 0.5 + 0.1 * genome.values[first], "params": 1000.0 * genome.values[first]}


@pytest.fixture(scope="module")
def found() -> Effects:
    return main_effects(made(planted), seed=0)


def test_both_models_recover_planted_effects(found: Effects) -> None:
    space = tiny()
    gene = space.genes[operations(space)[0]]
    middle = np.mean(range(len(gene.choices)))
    for objective, unit in (("acc", 0.1), ("params", 1000.0)):
        rows = [e for e in found.effects if (e.objective, e.gene) == (objective, gene.name)]
        assert [e.choice for e in rows] == list(gene.choices)
        for number, row in enumerate(rows):
            true = unit * (number - middle)
            assert row.effect == pytest.approx(true, abs=0.01 * unit)
            assert row.additive == pytest.approx(true, abs=0.01 * unit)
            assert row.error < 0.02 * unit
    assert all(fit.explains for fit in found.fits)


def test_genes_without_planted_effect_have_almost_none(found: Effects) -> None:
    space = tiny()
    gene = space.genes[operations(space)[0]].name
    others = [e for e in found.effects if e.objective == "acc" and e.gene != gene]
    assert max(abs(e.effect) for e in others) < 0.02
    assert max(abs(e.additive) for e in others) < 0.02


def test_effects_of_choices_of_a_gene_sum_to_zero(found: Effects) -> None:
    sums: dict[tuple[str, str], float] = {}
    for e in found.effects:
        sums[e.objective, e.gene] = sums.get((e.objective, e.gene), 0.0) + e.effect
    assert all(abs(s) < (1e-9 if o == "acc" else 1e-5) for (o, _), s in sums.items())


def test_any_site_effect_of_rule_is_mean_over_sites(found: Effects) -> None:
    rules = [e for e in found.effects if (e.objective, e.kind, e.choice) == ("acc", "rule", "fa")]
    (overall,) = [e for e in rules if e.gene == ANY_SITE]
    sites = [e.effect for e in rules if e.gene != ANY_SITE]
    assert overall.effect == pytest.approx(np.mean(sites))
    assert max(e.seen for e in rules if e.gene != ANY_SITE) <= overall.seen <= 40


def test_effect_rows_count_the_candidates_with_the_choice(found: Effects) -> None:
    space = tiny()
    first = operations(space)[0]
    chosen = Counter(
        genome.values[first]
        for genome in random_genomes(space, 40, seed=0)
        if space.is_active(genome)[first]
    )
    gene = space.genes[first]
    rows = [e for e in found.effects if (e.objective, e.gene) == ("acc", gene.name)]
    assert [row.seen for row in rows] == [chosen[number] for number in range(len(gene.choices))]


def test_models_explain_nothing_of_pure_noise() -> None:
    generator = np.random.default_rng(0)
    some = made(lambda *_: {"acc": float(generator.normal(0.9, 0.02))})
    fits = main_effects(some, seed=0).fits
    assert not any(fit.explains for fit in fits)
    assert all(math.isnan(fit.noise) for fit in fits)


def test_equal_seeds_give_equal_effects() -> None:
    some = made(planted, count=15)
    assert repr(main_effects(some, seed=3)) == repr(main_effects(some, seed=3))


def test_too_few_candidates_are_rejected() -> None:
    with pytest.raises(ConfigError, match=r"at least 10 candidates .* found 3"):
        main_effects(made(planted, count=3), seed=0)


def test_additive_model_predicts_sums_of_choices() -> None:
    space = tiny()
    features = Features(space)
    rows = features.rows(random_genomes(space, 80, seed=1))
    weights = np.random.default_rng(0).normal(size=features.parts[0].stop)
    values = (rows[:, features.parts[0]] @ weights)[:, None]
    model = fit_additive(features, rows[:60], values[:60], None)
    assert np.abs(model(rows[60:]) - values[60:]).max() < 0.1 * values.std()


def test_gaussian_process_prediction_equals_median_draw() -> None:
    space = tiny()
    features = Features(space)
    rows = features.rows(random_genomes(space, 30, seed=2))
    values = np.random.default_rng(0).normal(size=(30, 2))
    surrogate = Surrogate(features, num_objectives=2)
    surrogate.learn(rows[:20], values[:20])
    middle = surrogate.marginal_draws(rows[20:], np.zeros((1, 2)))[0]
    model = fit_gaussian_process(features, rows[:20], values[:20], None)
    assert np.allclose(model(rows[20:]), middle)
