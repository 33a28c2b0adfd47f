"""What the trainings of one genome say together; means, scatter and violations by hand."""

import math

import pytest

from evonas.search.pareto import Vector
from evonas.search.replicates.sample import Sample, samples_of
from evonas.search.replicates.trial import Trial, TrialResult
from evonas.space import Genome


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
        ([(1.0,), (5.0,), (9.0,)], [0.0, 0.25, 0.75], (None, 0.5, 3, 0)),
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
