"""Estimates without a model: plain means of each genome's trainings, and standard errors."""

from collections.abc import Sequence

import numpy as np

from evonas.search.replicates.estimate import Estimate
from evonas.search.replicates.noise_variance import NoiseVariance
from evonas.search.replicates.sample import samples_of
from evonas.search.replicates.trial import TrialResult


def plain_estimates(
    results: Sequence[TrialResult], *, num_objectives: int, enough: int
) -> list[Estimate]:
    """Return one estimate per genome, in the order of first appearance.

    Args:
        results: results of all trainings, in the order of asking.
        num_objectives: number of objectives.
        enough: number of trainings, including failed ones, from which a genome is settled.
    """
    samples = samples_of(results)
    noise = NoiseVariance.of(samples, num_objectives=num_objectives)
    found = []
    for sample, variance in zip(samples, noise.of_each, strict=True):
        is_known = noise.freedom > 0 and sample.mean is not None
        error = tuple(np.sqrt(variance / len(sample.vectors)).tolist()) if is_known else None
        found.append(
            Estimate(
                genome=sample.genome,
                mean=sample.mean,
                standard_error=error,
                replicates=sample.replicates,
                collapsed=sample.collapsed,
                violation=sample.violation,
                is_settled=sample.replicates + sample.collapsed >= enough,
            )
        )
    return found
