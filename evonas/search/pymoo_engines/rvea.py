"""RVEA: one survivor per reference vector, chosen by length and angle (Cheng et al. 2016)."""

from typing import Any, ClassVar, final

import numpy as np
from pymoo.algorithms.base.genetic import GeneticAlgorithm
from pymoo.core.algorithm import Algorithm
from pymoo.core.survival import Survival
from pymoo.operators.selection.rnd import RandomSelection

from evonas.search.pymoo_engines.pymoo_search import AbstractPymooSearch
from evonas.search.reference_directions import reference_directions

ALPHA = 2.0  # exponent of the angle penalty's growth; the paper's value
ADAPTATIONS = 10  # adaptations of the vectors over the horizon; the paper's value
HORIZON = 20  # generations until the penalty is full


@final
class Rvea(AbstractPymooSearch):
    """The reference vector guided evolutionary algorithm.

    Its angle penalty grows with the progress of the search, so it needs a time horizon. A search
    here does not know its budget; the penalty reaches its full value after :data:`HORIZON`
    generations and stays there. The vectors are scaled to the extent of the population after the
    founders, and ten times over the horizon.
    """

    name: ClassVar[str] = "rvea"
    title: ClassVar[str] = "one survivor for each reference vector, by length and angle"
    source: ClassVar[str] = "Cheng, Jin, Olhofer and Sendhoff 2016"
    min_objectives: ClassVar[int] = 2

    def _algorithm(self) -> Algorithm:
        directions = reference_directions(self.num_objectives, at_most=self.population)
        return GeneticAlgorithm(
            pop_size=len(directions),
            mating=self._mating(RandomSelection()),
            survival=AngleSurvival(directions, generation=self.population),
            advance_after_initial_infill=True,
        )


@final
class AngleSurvival(Survival):  # type: ignore[misc]
    """Keeps the shortest vector of each sector; vectors off its axis are penalised.

    pymoo's own class takes the arc cosine of values rounded above 1, and NaN then wins the sector.

    Args:
        directions: unit reference directions, (directions, objectives).
        generation: number of results that make a generation.
    """

    def __init__(self, directions: Any, *, generation: int) -> None:
        super().__init__(filter_infeasible=True)
        self._directions = _unit(directions)
        self._generation = generation
        self._num_told = 0
        self._adaptations = -1
        self._ideal = np.full(directions.shape[1], np.inf)
        self._axes = self._directions

    def do(self, problem: Any, pop: Any, *args: Any, **kwargs: Any) -> Any:
        """Count the results, including failures, and select the survivors."""
        algorithm = kwargs["algorithm"]
        self._num_told += len(algorithm.off)
        return super().do(problem, pop, *args, **kwargs)

    def _do(self, problem: Any, pop: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        progress = min(1.0, (self._num_told / self._generation - 1) / HORIZON)
        F = pop.get("F").astype(float)
        self._ideal = np.minimum(self._ideal, F.min(axis=0))
        if int(progress * ADAPTATIONS) > self._adaptations:
            self._adaptations = int(progress * ADAPTATIONS)
            extent = F.max(axis=0) - self._ideal
            self._axes = _unit(self._directions * np.where(extent > 0, extent, 1.0))  # eq. (11)
        return pop[angle_survivors(F - self._ideal, self._axes, penalty=progress**ALPHA)]


def angle_survivors(F: Any, axes: Any, *, penalty: float) -> list[int]:
    """Return for each axis the row with the smallest penalised distance, among its nearest rows.

    Args:
        F: objectives relative to the ideal point, (rows, objectives).
        axes: unit vectors, (axes, objectives).
        penalty: 0 at the start of a search, 1 at its end: (t / t_max) ** alpha.
    """
    lengths = np.linalg.norm(F, axis=1)
    cosines = (F / np.maximum(lengths, 1e-64)[:, None]) @ axes.T
    angles = np.arccos(np.clip(cosines, -1.0, 1.0))
    between = np.arccos(np.clip(np.sort(axes @ axes.T, axis=1)[:, -2], -1.0, 1.0))
    sector = angles.argmin(axis=1)
    own = angles[np.arange(len(F)), sector] / np.maximum(between[sector], 1e-64)  # eq. (9)
    num_objectives = F.shape[1] if F.shape[1] > 2 else 1  # as the authors' code has it
    distances = lengths * (1 + num_objectives * penalty * own)  # eq. (8)
    survivors = []
    for axis in np.unique(sector):
        rows = np.flatnonzero(sector == axis)
        survivors.append(int(rows[distances[rows].argmin()]))
    return survivors


def _unit(vectors: Any) -> Any:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
