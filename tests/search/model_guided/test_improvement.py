"""Expected gains against closed forms and moocore; transforms; credit by hand."""

import random

import moocore
import numpy as np
import pytest
from scipy.stats import norm

from evonas.search.model_guided.improvement import Frontier, directions
from evonas.search.model_guided.operator_credit import FLOOR, OperatorCredit
from evonas.search.model_guided.output_transform import TRANSFORMS, OutputTransform


def frontier(front: list[tuple[float, ...]], *, num_directions: int | None = None) -> Frontier:
    generator = np.random.default_rng(0)
    vectors = np.array(front)
    size = vectors.shape[1]
    if num_directions is None:
        along = directions(size, generator=generator)
    else:
        along = np.abs(generator.standard_normal((num_directions, size)))
        along /= np.linalg.norm(along, axis=1, keepdims=True)
    return Frontier.of(vectors, span=np.ones(size), reference=1.1, along=along)


def test_gain_with_one_objective_is_expected_improvement() -> None:
    best, mean, deviation = 2.0, 2.3, 0.4
    generator = np.random.default_rng(1)
    drawn = (mean + deviation * generator.standard_normal(200_000))[:, None, None]
    z = (best - mean) / deviation
    closed = (best - mean) * norm.cdf(z) + deviation * norm.pdf(z)
    assert frontier([(best,)]).gains(drawn)[0] == pytest.approx(closed, rel=0.02)


@pytest.mark.parametrize("size", [2, 3])
def test_mean_frontier_length_is_proportional_to_hypervolume(size: int) -> None:
    generator = np.random.default_rng(2)
    sets = [generator.random((5, size)) for _ in range(4)]
    ideal = np.zeros((1, size))
    ours, theirs = [], []
    for points in sets:
        # a distant ideal would be on the front, so the frontier is made of the ideal alone
        whole = frontier([tuple(ideal[0])], num_directions=20_000)
        ours.append(whole.lengths(points).max(axis=0).mean())
        theirs.append(moocore.hypervolume(points, ref=np.full(size, 1.1)))
    ratios = np.array(ours) / np.array(theirs)
    np.testing.assert_allclose(ratios, ratios.mean(), rtol=0.03)


def test_batch_holds_no_perfectly_correlated_candidates() -> None:
    # the second candidate is the first again, the third is worse and independent
    generator = np.random.default_rng(3)
    first = generator.standard_normal(500)
    drawn = np.stack([first, first, 0.3 + generator.standard_normal(500)], axis=1)[:, :, None]
    assert frontier([(0.0,)]).choose(drawn, 2) == [0, 2]
    assert frontier([(0.0,)]).choose(drawn, 1, already=(0,)) == [2]
    worthless = np.full((4, 3, 1), 9.0)
    assert sorted(frontier([(0.0,)]).choose(worthless, 5, already=(1,))) == [0, 2]


@pytest.mark.parametrize("make", TRANSFORMS)
def test_output_transform_standardises_and_inverts(make: type) -> None:
    values = np.exp(np.random.default_rng(4).standard_normal(50))
    transform: OutputTransform = make(values)
    scaled = transform.forward(values)
    assert scaled.mean() == pytest.approx(0.0, abs=1e-12)
    assert scaled.std() == pytest.approx(1.0)
    np.testing.assert_allclose(transform.back(scaled), values)
    slopes = (transform.forward(values + 1e-6) - transform.forward(values - 1e-6)) / 2e-6
    assert transform.log_stretch(values) == pytest.approx(np.log(slopes).sum(), abs=1e-4)


def test_operator_credit_matches_hand_computation() -> None:
    credit = OperatorCredit(("a", "b"))
    assert credit.shares() == {"a": 0.5, "b": 0.5}
    for entered in (True, True, False):
        credit.count_result("a", entered=entered)
    credit.count_result("b", entered=False)
    # rates 3/5 and 1/3: a has 9/14 of what is free
    free = 1 - 2 * FLOOR
    assert credit.shares()["a"] == pytest.approx(FLOOR + free * 9 / 14)
    rng = random.Random(0)
    drawn = [credit.draw(rng=rng) for _ in range(4000)]
    assert drawn.count("a") / 4000 == pytest.approx(FLOOR + free * 9 / 14, abs=0.03)


def test_good_values_apart_by_rounding_alone_get_no_logarithm() -> None:
    above = float(np.nextafter(0.1, 1.0))
    for values in ([0.1] * 3, [0.1, above, above], [0.1, 0.1, above, above, above, 0.7]):
        assert OutputTransform.logarithmic(np.array(values)).origin is None
