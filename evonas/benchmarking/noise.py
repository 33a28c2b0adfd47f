"""Normal noise on the values of a table, which simulates single trainings."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from evonas.benchmarking.benchmark import Benchmark
from evonas.errors import ConfigError
from evonas.registry import suggestion
from evonas.search.pareto import Vector
from evonas.search.replicates.trial import Trial
from evonas.seeds import derive_seed


@dataclass(frozen=True)
class Noise:
    """Standard deviation of one training, by column; other columns have none.

    Raises:
        ConfigError: a deviation is negative or not a finite number.
    """

    deviations: dict[str, float]

    def __post_init__(self) -> None:
        for name, deviation in self.deviations.items():
            if not (math.isfinite(deviation) and deviation >= 0.0):
                raise ConfigError(
                    f"noise: expected a standard deviation of at least 0 for '{name}', "
                    f"got {deviation:g}"
                )

    @classmethod
    def parse(cls, text: str, *, columns: Sequence[str]) -> "Noise":
        """Parse ``column=deviation,...``, in the units of the columns.

        Args:
            text: text of the user.
            columns: columns that are objectives.

        Raises:
            ConfigError: an entry does not have this form, or a column is named twice or is not an
                objective.
        """
        deviations: dict[str, float] = {}
        for entry in (part.strip() for part in text.split(",")):
            name, sign, number = (part.strip() for part in entry.partition("="))
            try:
                deviation = float(number)
            except ValueError:
                deviation = math.nan
            if not (name and sign) or math.isnan(deviation):
                raise ConfigError(
                    "noise: expected column=standard deviation, comma-separated, such as "
                    f"'{columns[0]}=0.4', got '{entry}'"
                )
            if name not in columns:
                raise ConfigError(
                    f"noise: '{name}' is not an objective{suggestion(name, columns)} "
                    f"(objectives: {', '.join(columns)})"
                )
            if name in deviations:
                raise ConfigError(f"noise: '{name}' is named twice")
            deviations[name] = deviation
        return cls(deviations)

    def told(self, benchmark: Benchmark, trial: Trial, *, seed: int) -> Vector | None:
        """Return the values of one training for a search with this seed; ``None`` for a failure.

        The noise depends on the seed, on the function of the genome (its key) and on the
        replicate. Engines with the same seed that train the same genome receive the same values.
        """
        vector = benchmark.vector(trial.genome)
        if vector is None:
            return None
        key = benchmark.problem.key(trial.genome)
        return tuple(
            value
            + self.deviations.get(name, 0.0)
            * random.Random(derive_seed(seed, key, trial.replicate, name)).gauss()
            for name, value in zip(benchmark.goal.objectives, vector, strict=True)
        )
