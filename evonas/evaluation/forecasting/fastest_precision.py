"""Choose the precision in which this CPU trains fastest, from a few steps of some candidates."""

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
"""bfloat16 must need less than this share of float32's time: a smaller gain may be chance."""


@dataclass(frozen=True)
class MeasuredPrecisions:
    """How long training steps take.

    Attributes:
        seconds: seconds of a step, on average over the candidates, by precision.
    """

    seconds: Mapping[Precision, float]

    @property
    def fastest(self) -> Precision:
        """``bf16`` where it clearly saves time, else ``fp32``."""
        return "bf16" if self.seconds["bf16"] < WORTH_CHANGING * self.seconds["fp32"] else "fp32"


def measure_precisions(
    candidates: Sequence[AbstractVariant],
    *,
    traits: Traits,
    recipe: Recipe,
    clock: Clock = time.thread_time,
) -> MeasuredPrecisions:
    """Time training steps in float32 and in bfloat16, by turns, on one thread of the CPU.

    Args:
        candidates: whose networks are trained; at least one.
        traits: traits of the images.
        recipe: recipe of the training.
        clock: time in seconds; by default processor time, which excludes other processes.

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
    """In which the candidates of a space train fastest here, judged by a few drawn ones.

    Args:
        space: at the size of the run, with its rules.
        traits: traits of the images.
        recipe: recipe of the training.

    Raises:
        SpaceError: a network does not fit the images.
    """
    genomes = draw_genomes(space, count=TIMED_GENOMES, seed=0)
    candidates = [GenomeVariant("", space, genome) for genome in genomes]
    return measure_precisions(candidates, traits=traits, recipe=recipe).fastest
