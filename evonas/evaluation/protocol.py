"""What decides a candidate's values, apart from the candidate itself."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

from evonas.evaluation.constraints import Constraint
from evonas.evaluation.objectives import ALWAYS_MEASURED, COSTS, OBJECTIVES, Objective
from evonas.evaluation.training.precision import Precision
from evonas.evaluation.training.recipe import Recipe

Gate = Literal["skip", "measure", "off"]


@dataclass(frozen=True)
class Protocol:
    """Everything that decides a candidate's values, apart from the candidate itself.

    Attributes:
        dataset: a name of ``DATASETS``.
        data_dir: where its files lie.
        num_images: of the training part; all of them if None.
        recipe: how each candidate is trained.
        objectives: names of what is measured.
        epsilon: of the attack, in units of the pixel range.
        attacked_images: how many validation images are attacked.
        seed: of the study: it decides the split, the attack's noise and every candidate's seed.
        device: where candidates are trained.
        constraints: what a candidate must keep to.
        precision: of their training; what is measured is measured in float32.
        gate: whether dear objectives are skipped that could not bring the candidate on the front;
            ``measure`` does everything but skip them.
    """

    dataset: str
    data_dir: Path
    num_images: int | None
    recipe: Recipe
    objectives: tuple[str, ...]
    epsilon: Fraction
    attacked_images: int
    seed: int
    device: str = "cpu"
    constraints: tuple[Constraint, ...] = ()
    precision: Precision = "fp32"
    gate: Gate = "off"

    def measured(self) -> list[Objective]:
        """What is measured of every candidate, the cheapest first."""
        names = [*self.objectives, *(c.objective for c in self.constraints), *ALWAYS_MEASURED]
        wanted = [OBJECTIVES[name] for name in dict.fromkeys(names)]
        return sorted(wanted, key=lambda objective: COSTS.index(objective.cost))


@dataclass(frozen=True)
class Stage:
    """How far one candidate is taken.

    Attributes:
        epochs: it is trained up to the end of this one; up to the last if None.
        checkpoint: of an earlier stage, to go on from; empty to begin.
        rivals: vectors (minimised) of candidates on the front, which gate dear objectives.
    """

    epochs: int | None = None
    checkpoint: bytes = b""
    rivals: tuple[tuple[float, ...], ...] = ()
