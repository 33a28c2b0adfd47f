"""The Gaussian process of the default engine; oracles: scikit-learn, SciPy, finite differences."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

from evonas.search.model_guided.covariance import JITTER, Covariance
from evonas.search.model_guided.gaussian_process import Posterior, fit, negative_log_posterior
from evonas.search.model_guided.genome_features import Features, Rows
from evonas.search.model_guided.surrogate import Surrogate
from evonas.search.problem import SearchProblem, draw
from evonas.search.signals import InformedProblem
from evonas.space import Genome, load


@pytest.fixture
def features(toy: Callable[..., SearchProblem]) -> Features:
    return Features(toy(num_sites=4, num_operations=3, num_rules=3))


@pytest.fixture
def rows(features: Features) -> Rows:
    generator = np.random.default_rng(0)
    return features.rows([Genome(tuple(generator.integers(0, 3, 8).tolist())) for _ in range(40)])


def test_feature_columns_encode_choices_and_count_active_genes(features: Features) -> None:
    (row,) = features.rows([Genome((0, 1, 1, 2, 2, 0, 1, 1))])  # site 0 has no rule: op 0
    choices, counts = row[:24].reshape(8, 3), row[24:] * 2.0  # four genes share each list
    assert choices.argmax(axis=1).tolist() == [0, 1, 1, 2, 0, 0, 1, 1]
    assert choices.sum(axis=1).tolist() == [1, 1, 1, 1, 0, 1, 1, 1]
    assert counts.tolist() == [1, 2, 1, 1, 2, 0]


def test_smooth_kernel_alone_matches_scikit_learn(features: Features, rows: Rows) -> None:
    kernel = Covariance(features)
    scales = kernel.prior_mean.copy()
    scales[2:5] = -60.0  # the amplitudes of all other parts
    scales[1], scales[0], scales[5] = np.log(1.7), np.log(0.1), np.log(0.3)
    values = np.sin(np.arange(30.0))
    theirs = GaussianProcessRegressor(
        ConstantKernel(1.7) * RBF((1 / 0.6) ** 0.5) + WhiteKernel(0.1 + JITTER),
        optimizer=None,
        alpha=0,
    ).fit(rows[:30, :24], values)
    mean, covariance = theirs.predict(rows[30:, :24], return_cov=True)
    ours, factor = Posterior.given(kernel, scales, rows[:30], values).joint(rows[30:])
    np.testing.assert_allclose(ours, mean, atol=1e-9)
    np.testing.assert_allclose(factor @ factor.T, covariance, atol=1e-9)


@pytest.fixture
def cells() -> tuple[Features, Rows]:
    """Cells of a real space, which have paths."""
    space, rng = load("nas-bench-201").with_rules(["bp"]), random.Random(0)
    features = Features(space)
    return features, features.rows([space.canonical(space.sample(rng)) for _ in range(40)])


def test_random_cells_have_mean_squared_path_distance_one(cells: tuple[Features, Rows]) -> None:
    features, _ = cells
    space, rng = load("nas-bench-201").with_rules(["bp"]), random.Random(0)
    rows = features.rows([space.canonical(space.sample(rng)) for _ in range(300)])
    paths = rows[:, features.parts[2]]
    squares = ((paths[:, None] - paths[None]) ** 2).sum(axis=2)
    assert squares[np.triu_indices(len(rows), 1)].mean() == pytest.approx(1.0, rel=0.03)


def test_marginals_match_diagonal_of_joint_posterior(cells: tuple[Features, Rows]) -> None:
    features, rows = cells
    kernel = Covariance(features)
    posterior = Posterior.given(kernel, kernel.prior_mean, rows[:30], np.cos(np.arange(30.0)))
    mean, deviation = posterior.marginal(rows[30:])
    joint_mean, factor = posterior.joint(rows[30:])
    np.testing.assert_allclose(mean, joint_mean, atol=1e-12)
    np.testing.assert_allclose(deviation**2, (factor**2).sum(axis=1), atol=1e-9)


@pytest.mark.parametrize("known", [None, np.linspace(0.0, 2.0, 40)], ids=["no noise", "noise"])
def test_likelihood_is_that_of_a_multivariate_normal(
    features: Features, rows: Rows, known: np.ndarray[Any, Any] | None
) -> None:
    kernel, values = Covariance(features), np.sin(np.arange(40.0))
    scales = kernel.prior_mean + 0.3 * np.sin(np.arange(len(kernel.prior_mean)))
    if known is None:
        found, _ = negative_log_posterior(kernel, scales, rows, values)
        known = np.zeros(40)
    else:
        found, _ = negative_log_posterior(kernel, scales, rows, values, known=known)
    covariance = kernel(scales, rows, rows) + np.diag(kernel.noise(scales) + known)
    likelihood = multivariate_normal(np.zeros(40), covariance).logpdf(values)
    prior = (((scales - kernel.prior_mean) / kernel.prior_deviation) ** 2).sum() / 2
    assert found == pytest.approx(prior - likelihood - 20 * np.log(2 * np.pi), rel=1e-9)


def test_gradient_matches_finite_differences(
    features: Features, rows: Rows, cells: tuple[Features, Rows]
) -> None:
    for space, some in ((features, rows), cells):
        kernel = Covariance(space)
        values = np.sin(np.arange(40.0))
        scales = kernel.prior_mean + 0.3 * np.sin(np.arange(len(kernel.prior_mean)))
        _, gradient = negative_log_posterior(kernel, scales, some, values)
        for place in range(len(scales)):
            step = np.zeros(len(scales))
            step[place] = 1e-5
            above, _ = negative_log_posterior(kernel, scales + step, some, values)
            below, _ = negative_log_posterior(kernel, scales - step, some, values)
            assert gradient[place] == pytest.approx((above - below) / 2e-5, rel=1e-4, abs=1e-5)


def test_linear_cost_of_counts_is_learned(features: Features, rows: Rows) -> None:
    kernel = Covariance(features)
    cost = rows[:, 24:] @ np.array([0.0, 1.0, 3.0, 0.0, 0.5, 0.5])
    values = (cost - cost.mean()) / cost.std()
    scales, _ = fit(kernel, kernel.prior_mean, rows[:30], values[:30])
    mean, _ = Posterior.given(kernel, scales, rows[:30], values[:30]).marginal(rows[30:])
    assert np.abs(mean - values[30:]).max() < 0.1


class Told:
    """The first signal tells the value of a genome, the second is noise, the third not finite."""

    names = ("worth", "noise", "broken")

    def of(self, genome: Genome, /) -> tuple[float, float, float]:
        noise = random.Random(str(genome.values)).gauss(0.0, 1.0)
        worth = 100.0 + 7.0 * sum(genome.values[::2])
        return worth, noise, float("nan") if genome.values[0] else -float("inf")


@pytest.fixture
def informed(toy: Callable[..., SearchProblem]) -> tuple[Features, Rows]:
    generator = np.random.default_rng(0)
    features = Features(InformedProblem(toy(num_sites=4, num_operations=3, num_rules=3), Told()))
    genomes = [Genome(tuple(generator.integers(0, 3, 8).tolist())) for _ in range(40)]
    return features, features.rows(genomes)


def test_signal_columns_are_standardised_and_finite(
    toy: Callable[..., SearchProblem], informed: tuple[Features, Rows], rows: Rows
) -> None:
    features, some = informed
    np.testing.assert_array_equal(some[:, :-3], rows)
    problem, rng = toy(num_sites=4, num_operations=3, num_rules=3), random.Random(7)
    random_genomes = [problem.canonical(draw(problem, rng=rng)) for _ in range(500)]
    worth, noise, broken = features.rows(random_genomes)[:, features.parts[-1]].T
    for signal in (worth, noise):
        assert signal.mean() == pytest.approx(0.0, abs=0.3)
        assert signal.std() == pytest.approx(1.0, abs=0.2)
    assert not broken.any()


def test_gradient_with_signals_matches_finite_differences(
    informed: tuple[Features, Rows],
) -> None:
    features, some = informed
    kernel, values = Covariance(features), np.sin(np.arange(40.0))
    scales = kernel.prior_mean + 0.3 * np.sin(np.arange(len(kernel.prior_mean)))
    _, gradient = negative_log_posterior(kernel, scales, some, values)
    for place in range(len(scales)):
        step = np.zeros(len(scales))
        step[place] = 1e-5
        above, _ = negative_log_posterior(kernel, scales + step, some, values)
        below, _ = negative_log_posterior(kernel, scales - step, some, values)
        assert gradient[place] == pytest.approx((above - below) / 2e-5, rel=1e-4, abs=1e-5)


def test_variances_with_signals_match_covariance_diagonal(
    informed: tuple[Features, Rows],
) -> None:
    features, some = informed
    kernel = Covariance(features)
    scales = kernel.prior_mean + np.linspace(-1.0, 1.0, len(kernel.prior_mean))
    covariance = kernel(scales, some, some)
    np.testing.assert_allclose(kernel.variance(scales, some), np.diag(covariance), rtol=1e-9)
    np.testing.assert_allclose(covariance, covariance.T, rtol=1e-12)
    assert np.linalg.eigvalsh(covariance).min() > -1e-9


def test_signal_effect_matches_covariance_of_a_unit_step(
    informed: tuple[Features, Rows],
) -> None:
    features, some = informed
    kernel = Covariance(features)
    scales = kernel.prior_mean + np.linspace(-1.0, 1.0, len(kernel.prior_mean))
    effects, linear, lengths = kernel.signal_effects(scales)
    for number, place in enumerate(range(*features.parts[-1].indices(some.shape[1]))):
        pair = np.vstack([some[0], some[0]])
        pair[1, place] += 1.0
        found = kernel(scales, pair, pair)
        apart = found[0, 0] + found[1, 1] - 2.0 * found[0, 1]
        assert effects[number] ** 2 == pytest.approx(apart, rel=1e-9)
        straight = kernel.linear(scales, pair, pair)
        apart = straight[0, 0] + straight[1, 1] - 2.0 * straight[0, 1]
        assert linear[number] ** 2 == pytest.approx(apart, rel=1e-6)
        *_, smooth = kernel.smooth(scales, pair, pair)
        assert smooth[0, 1] / smooth[0, 0] == pytest.approx(
            np.exp(-0.5 / lengths[number] ** 2), rel=1e-9
        )


def test_informative_signal_has_the_largest_effect(
    informed: tuple[Features, Rows],
) -> None:
    features, some = informed
    surrogate = Surrogate(features, num_objectives=2)
    worth = some[:, features.parts[-1].start]
    surrogate.learn(some, np.column_stack([worth, np.sin(np.arange(40.0))]))
    effects = {(row.objective, row.signal): row.effect for row in surrogate.relevance()}
    assert len(effects) == 2 * 3
    assert effects[0, "worth"] > 3 * max(effects[0, "noise"], effects[0, "broken"])
    assert effects[0, "worth"] > 1.5 * effects[1, "worth"]


def test_process_uses_informative_signal_and_ignores_noise_signal(
    informed: tuple[Features, Rows],
) -> None:
    features, some = informed
    kernel, (worth, noise, _) = Covariance(features), some[:, features.parts[-1]].T
    scales, _ = fit(kernel, kernel.prior_mean, some[:20], worth[:20])
    mean, _ = Posterior.given(kernel, scales, some[:20], worth[:20]).marginal(some[20:])
    assert np.abs(mean - worth[20:]).max() < 0.3
    shifted = some[20:].copy()
    shifted[:, features.parts[-1]][:, 1] = -noise[20:]
    moved, _ = Posterior.given(kernel, scales, some[:20], worth[:20]).marginal(shifted)
    assert np.abs(moved - mean).max() < 0.2
