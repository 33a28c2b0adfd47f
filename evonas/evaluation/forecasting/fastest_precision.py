"""Choose the precision at which this CPU trains fastest, by timing a few steps at each."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evonas.evaluation.data.images import Traits
from evonas.evaluation.forecasting.genome_sample import draw_genomes
from evonas.evaluation.forecasting.step_time import Clock, step_seconds
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.variants.base import AbstractVariant
from evonas.evaluation.variants.genome_variant import GenomeVariant
from evonas.settings.machine import Precision
from evonas.space import Space

TIMED_GENOMES = 3
WORTH_CHANGING = 0.9
"""bfloat16 must take less than this share of float32's time; a smaller gain may be chance."""


@dataclass(frozen=True)
class MeasuredPrecisions:
    """Measured durations of training steps.

    Attributes:
        seconds: mean duration of a step over the candidates, by precision.
    """

    seconds: Mapping[Precision, float]

    @property
    def fastest(self) -> Precision:
        """``bf16`` if it clearly saves time, else ``fp32``."""
        return "bf16" if self.seconds["bf16"] < WORTH_CHANGING * self.seconds["fp32"] else "fp32"


def measure_precisions(
    candidates: Sequence[AbstractVariant],
    *,
    traits: Traits,
    recipe: Recipe,
    clock: Clock = time.thread_time,
) -> MeasuredPrecisions:
    """Time training steps in float32 and bfloat16, alternately, on one thread of the CPU.

    Args:
        candidates: candidates to time; at least one.
        traits: traits of the images.
        recipe: training recipe.
        clock: clock in seconds; by default the thread's CPU time, which excludes other processes.

    Raises:
        SpaceError: a network does not fit the images.
    """
    totals: dict[Precision, float] = {"fp32": 0.0, "bf16": 0.0}
    for own in candidates:
        for precision in totals:
            totals[precision] += step_seconds(
                own, traits=traits, recipe=recipe, precision=precision, clock=clock
            )
    return MeasuredPrecisions({name: all_ / len(candidates) for name, all_ in totals.items()})


def fastest_precision(space: Space, *, traits: Traits, recipe: Recipe) -> Precision:
    """Precision at which a few random candidates of a space train fastest on this machine.

    Args:
        space: space at the size of the run, with its rules.
        traits: traits of the images.
        recipe: training recipe.

    Raises:
        SpaceError: a network does not fit the images.
    """
    genomes = draw_genomes(space, count=TIMED_GENOMES, seed=0)
    candidates = [GenomeVariant("", space, genome) for genome in genomes]
    return measure_precisions(candidates, traits=traits, recipe=recipe).fastest
