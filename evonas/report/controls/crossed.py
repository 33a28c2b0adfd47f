"""Estimates for several samples of one kind of control, each trained with the same seeds.

There are two sources of randomness: samples and seeds. Five random assignments trained five times
are not 25 independent trainings: trainings of one assignment share the assignment, and trainings
with one seed share the seed (and the network's own training).
"""

from collections.abc import Sequence

import numpy as np

from evonas.report.controls.paired import Estimate, by_student, estimate


def crossed_estimate(rows: Sequence[Sequence[float]]) -> Estimate:
    """The mean over all values, with samples and seeds as random effects.

    Two-way random effects without interaction in replicates (Cornfield and Tukey 1956): with K
    samples, R seeds and the usual mean squares MS_K, MS_R and MS_E, the variance of the mean is
    (MS_K + MS_R - MS_E) / (K R), with Satterthwaite's (1946) degrees of freedom. The numerator is
    at least the larger of MS_K and MS_R.

    Args:
        rows: K samples of R values each, at least one of each; all rows have the same length.

    Returns:
        The estimate. With one sample it is of this sample alone. With several samples and one seed
        it has no error: that of the seed cannot be known.
    """
    table = np.asarray(rows, dtype=float)
    samples, seeds = table.shape
    if samples == 1:
        return estimate(table[0].tolist())
    mean = table.mean()
    if seeds == 1:  # all values share it, so their spread does not include its effect
        return Estimate(float(mean), None, None, None, None)
    of_samples, of_seeds = table.mean(axis=1), table.mean(axis=0)
    rest = table - of_samples[:, None] - of_seeds + mean
    freedoms = samples - 1, seeds - 1, (samples - 1) * (seeds - 1)
    squares = (
        seeds * float(((of_samples - mean) ** 2).sum()) / freedoms[0],
        samples * float(((of_seeds - mean) ** 2).sum()) / freedoms[1],
        float((rest**2).sum()) / freedoms[2],
    )
    whole = squares[0] + squares[1] - squares[2]
    larger = 0 if squares[0] >= squares[1] else 1
    if whole <= squares[larger]:
        whole, freedom = squares[larger], float(freedoms[larger])
    else:
        parts = sum(ms**2 / df for ms, df in zip(squares, freedoms, strict=True))
        freedom = whole**2 / parts
    return by_student(float(mean), (whole / (samples * seeds)) ** 0.5, freedom=freedom)
