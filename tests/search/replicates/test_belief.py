"""Variances, shrinkage and posteriors from replicates, checked with independent formulas."""

import math
import random
from collections.abc import Callable

import numpy as np
import pytest

from evonas.search.model_guided.covariance import Covariance
from evonas.search.model_guided.gaussian_process import Posterior
from evonas.search.model_guided.genome_features import Features
from evonas.search.model_guided.output_transform import OutputTransform
from evonas.search.problem import SearchProblem, draw
from evonas.search.replicates.belief import Belief, disappointment, inflation
from evonas.search.replicates.noise_variance import (
    MAX_PRIOR_FREEDOM,
    NoiseVariance,
    moderated,
    prior_freedom,
)
from evonas.search.replicates.replicated_engines import make_replicated_search
from evonas.search.replicates.sample import Sample
from evonas.space import Genome

Toy = Callable[..., SearchProblem]


def sample(*vectors: tuple[float, ...], genome: int = 0) -> Sample:
    return Sample(Genome((genome,)), vectors, (0.0,) * len(vectors), 0)


def genomes(problem: SearchProblem, count: int) -> list[Genome]:
    rng = random.Random(5)
    found: dict[str, Genome] = {}
    while len(found) < count:
        genome = problem.canonical(draw(problem, rng=rng))
        found.setdefault(problem.key(genome), genome)
    return list(found.values())


def test_pooled_variance_is_total_scatter_over_degrees_of_freedom() -> None:
    samples = [sample((1.0, 5.0), (3.0, 5.0)), sample((0.0, 1.0), (0.0, 2.0), (6.0, 3.0))]
    noise = NoiseVariance.of([*samples, sample((9.0, 9.0))], num_objectives=2)
    assert noise.freedom == 3
    # scatters 2 and 24, then 0 and 2
    assert noise.pooled.tolist() == pytest.approx([26 / 3, 2 / 3])


def test_single_training_gets_pooled_variance_or_nan() -> None:
    samples = [sample((1.0,), (3.0,)), sample((7.0,))]
    noise = NoiseVariance.of(samples, num_objectives=1)
    assert noise.of_each[1] == pytest.approx(noise.pooled)
    alone = NoiseVariance.of(samples[1:], num_objectives=1)
    assert alone.freedom == 0
    assert np.isnan(alone.of_each).all()


def test_shrinkage_merges_equal_variances_and_keeps_unequal_ones() -> None:
    generator = np.random.default_rng(3)
    freedom = np.full(200, 4)
    equal = 2.0 * generator.chisquare(4, 200)
    assert moderated(equal, freedom) == pytest.approx(np.full(200, equal.sum() / 800), rel=1e-4)
    # an inverse gamma with 6 degrees of freedom, from which the variances are drawn
    variances = 6.0 / generator.chisquare(6, 200)
    scatter = variances * generator.chisquare(4, 200)
    assert 3.0 < prior_freedom(scatter, freedom) < 20.0
    plain = np.abs(np.log(scatter / 4) - np.log(variances)).mean()
    shrunk = np.abs(np.log(moderated(scatter, freedom)) - np.log(variances)).mean()
    assert shrunk < plain


def test_three_genomes_can_show_that_variances_differ() -> None:
    freedom = np.array([50, 50, 50])
    unlike = np.array([0.01, 1.0, 100.0]) * freedom
    assert prior_freedom(unlike, freedom) < 10.0
    assert prior_freedom(unlike[:2], freedom[:2]) == MAX_PRIOR_FREEDOM  # too few to tell


def test_posterior_without_noise_returns_observed_values(toy: Toy) -> None:
    problem = toy(num_sites=3, num_operations=3)
    told = [(float(sum(g.values)), float(g.values[0])) for g in genomes(problem, 15)]
    samples = [
        Sample(genome, (vector, vector), (0.0, 0.0), 0)
        for genome, vector in zip(genomes(problem, 15), told, strict=True)
    ]
    posterior = Belief(Features(problem), num_objectives=2).posterior(samples)
    assert posterior.means.tolist() == [pytest.approx(vector) for vector in told]
    assert posterior.variances == pytest.approx(0.0)


def test_posterior_of_few_genomes_uses_plain_means(toy: Toy) -> None:
    problem = toy(num_sites=3, num_operations=3)
    first, second = genomes(problem, 2)
    samples = [
        Sample(first, ((1.0,), (3.0,)), (0.0, 0.0), 0),
        Sample(second, ((7.0,),), (0.0,), 0),
    ]
    posterior = Belief(Features(problem), num_objectives=1).posterior(samples)
    assert posterior.means.ravel().tolist() == [2.0, 7.0]
    assert posterior.variances.ravel().tolist() == pytest.approx([1.0, 2.0])  # 2 / 2 and 2 / 1


def test_posterior_matches_conjugate_normal_update(toy: Toy) -> None:
    problem = toy(num_sites=4, num_operations=3)
    generator = np.random.default_rng(2)
    samples = [
        Sample(
            genome,
            tuple((sum(genome.values) + float(e),) for e in generator.normal(0, 0.5, 1 + i % 3)),
            (0.0,) * (1 + i % 3),
            0,
        )
        for i, genome in enumerate(genomes(problem, 40))
    ]
    posterior = Belief(Features(problem), num_objectives=1).posterior(samples)
    for i, each in enumerate(samples):
        # precisions add up, and means are weighted by them
        own = len(each.vectors) / posterior.noise.of_each[i, 0]
        prior = 1.0 / posterior.prior_variances[i, 0]
        assert posterior.variances[i, 0] == pytest.approx(1.0 / (own + prior))
        assert each.mean is not None
        prior_mean = (posterior.means[i, 0] * (own + prior) - each.mean[0] * own) / prior
        between = sorted((prior_mean, each.mean[0]))
        assert between[0] - 1e-9 <= posterior.means[i, 0] <= between[1] + 1e-9
    truth = np.array([float(sum(each.genome.values)) for each in samples])
    raw = np.array([each.mean[0] for each in samples if each.mean is not None])
    assert np.abs(posterior.means[:, 0] - truth).mean() < 0.8 * np.abs(raw - truth).mean()
    z = (posterior.means[:, 0] - truth) / np.sqrt(posterior.variances[:, 0])
    assert 0.5 < np.sqrt((z**2).mean()) < 1.6


def test_leave_one_out_predictions_match_refits(toy: Toy) -> None:
    problem = toy(num_sites=4, num_operations=3)
    features = Features(problem)
    rows = features.rows(genomes(problem, 12))
    kernel = Covariance(features)
    generator = np.random.default_rng(1)
    values, known = generator.normal(size=12), generator.uniform(0.1, 0.5, 12)
    whole = Posterior.given(kernel, kernel.prior_mean, rows, values, known=known)
    means, variances = whole.left_out(values)
    for out in range(12):
        keep = np.arange(12) != out
        rest = Posterior.given(
            kernel, kernel.prior_mean, rows[keep], values[keep], known=known[keep]
        )
        mean, deviation = rest.marginal(rows[[out]])
        assert means[out] == pytest.approx(mean[0])
        assert variances[out] == pytest.approx(deviation[0] ** 2 + known[out])


def test_inflation_grows_with_underestimated_errors() -> None:
    generator = np.random.default_rng(4)
    variances, noise = np.full((400_000, 2), 2.0), np.full((400_000, 2), 1.0)
    wide, right = generator.normal(0.0, [math.sqrt(3 * 2 + 1), math.sqrt(2 + 1)], (400_000, 2)).T
    errors = np.column_stack([wide, right])
    assert inflation(errors, variances=variances, noise=noise) == pytest.approx(
        [3.0, 1.0],
        abs=0.03,  # four standard errors
    )
    assert inflation(0 * errors, variances=variances, noise=noise).tolist() == [1.0, 1.0]


def test_back_transformed_moments_match_monte_carlo() -> None:
    values = np.array([1.0, 2.0, 3.0, 5.0, 9.0])
    normal = np.random.default_rng(0).standard_normal(400_000)
    for transform in (OutputTransform.plain(values), OutputTransform.logarithmic(values)):
        drawn = transform.back(0.3 + 0.4 * normal)
        mean, variance = np.array([0.3]), np.array([0.16])
        assert transform.back_mean(mean, variance)[0] == pytest.approx(drawn.mean(), rel=5e-3)
        assert transform.back_variance(mean, variance)[0] == pytest.approx(drawn.var(), rel=2e-2)
        step = (transform.forward(values + 1e-6) - transform.forward(values - 1e-6)) / 2e-6
        assert transform.slope(values) == pytest.approx(step, rel=1e-5)


def test_objective_whose_good_values_differ_by_rounding_alone_keeps_means_finite(
    toy: Toy,
) -> None:
    search = make_replicated_search(
        "evonas", toy(num_sites=6, num_operations=4, num_rules=2), population=6,
        num_objectives=1, seed=1, replicates=None,
    )  # fmt: skip
    ulp = float(np.spacing(1e9))
    values = (1e9, 1e9 + ulp, 1e9 + 3 * ulp, 1e9 + 5 * ulp, 2e9)
    for _ in range(8):
        trials = search.ask(6, remaining=100)
        drawn = [random.Random(str(trial.genome)).choice(values) for trial in trials]
        search.tell(trials, [(value,) for value in drawn])
    found = [each.mean for each in search.estimates(search.results)]
    assert all(mean is not None and 1e9 - 1 <= mean[0] <= 2e9 + 1 for mean in found)


def test_disappointment_is_non_negative_weighted_mean_error() -> None:
    errors = np.array([[1.0, -1.0], [4.0, -2.0]])
    variances, noise = np.array([[0.5, 1.0], [1.0, 1.0]]), np.array([[0.5, 1.0], [2.0, 1.0]])
    # weights 1 and 1 / 3: (1 + 4 / 3) / (4 / 3); a pleasant surprise counts as zero
    assert disappointment(errors, variances=variances, noise=noise) == pytest.approx([1.75, 0.0])
