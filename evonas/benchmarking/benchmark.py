"""A table as an optimisation problem: the values a search receives, and a score for its result."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from evonas.benchmarking.scores import Measure
from evonas.benchmarking.table import Row
from evonas.benchmarking.table_problem import ArchitectureProblem
from evonas.errors import ConfigError, DataError, GenomeError
from evonas.search.pareto import Normaliser, Vector, non_dominated
from evonas.search.problem import SearchProblem
from evonas.search.signals import InformedProblem, Signals
from evonas.space import Genome, Space


@dataclass(frozen=True)
class Goal:
    """Which columns guide a search, and which one is reported.

    Args:
        maximise: columns to maximise.
        minimise: columns to minimise.
        report: with a single objective, the column to report for the best architecture; None for
            the objective itself.

    Raises:
        ConfigError: there is no objective, a column is named twice, or there are several
            objectives and a column to report.
    """

    maximise: tuple[str, ...]
    minimise: tuple[str, ...]
    report: str | None = None

    def __post_init__(self) -> None:
        if not self.objectives:
            raise ConfigError("objectives: expected at least one, by --maximize or --minimize")
        for name in self.objectives:
            if self.objectives.count(name) > 1:
                raise ConfigError(f"objectives: '{name}' is named twice")
        if self.report is not None and len(self.objectives) > 1:
            raise ConfigError(
                f"report: expected one objective if '{self.report}' is reported, got "
                f"{len(self.objectives)} objectives ({', '.join(self.objectives)})"
            )

    @property
    def objectives(self) -> tuple[str, ...]:
        """All guiding columns: maximised ones first, then minimised ones."""
        return self.maximise + self.minimise

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are needed."""
        return tuple(dict.fromkeys((*self.objectives, self.reported)))

    @property
    def reported(self) -> str:
        """Column to report for the best architecture, with a single objective."""
        return self.report or self.objectives[0]

    @property
    def measure(self) -> Measure:
        """``hv_share`` for several objectives, ``value`` for one."""
        return "hv_share" if len(self.objectives) > 1 else "value"

    def vector(self, values: dict[str, float | None]) -> Vector | None:
        """Return the objectives to minimise; None if one of them was not measured."""
        told = [-v if (v := values[name]) is not None else None for name in self.maximise]
        told += [values[name] for name in self.minimise]
        vector = tuple(value for value in told if value is not None)
        return vector if len(vector) == len(told) else None


class Benchmark:
    """The rows of a table, by architecture.

    Engines receive its ``searched``: the ``problem``, with signals if there are any.

    An architecture is looked up by its canonical form and, if the table has no such row, by its
    key: a table may list only one architecture per function.

    Args:
        space: space of the architectures in the table.
        rows: rows of the table.
        goal: which columns matter, and how.
        name: name of the table, for messages.
        signals: signals of architectures, for engines with a model.

    Raises:
        DataError: no row has all objectives, or two rows describe the same architecture.
        GenomeError: a row holds an architecture of another space.
    """

    def __init__(
        self,
        space: Space,
        rows: Sequence[Row],
        *,
        goal: Goal,
        name: str,
        signals: Signals | None = None,
    ) -> None:
        self.problem = ArchitectureProblem(space)
        self.searched: SearchProblem = self.problem
        if signals is not None and signals.names:
            self.searched = InformedProblem(self.problem, signals)
        self.goal = goal
        self.name = name
        self._rows: dict[Genome, dict[str, float | None]] = {}
        for row in rows:
            genome = self._parsed(row)
            if genome in self._rows:
                raise DataError(f"{row.where}: architecture {row.arch} already has a row")
            self._rows[genome] = row.values
        vectors = map(goal.vector, self._rows.values())
        known = [vector for vector in vectors if vector is not None]
        if not known:
            raise DataError(f"{name}: no row has a value for {', '.join(goal.objectives)}")
        keep = non_dominated(known)
        self.front = sorted({v for v, is_best in zip(known, keep, strict=True) if is_best})
        self.normaliser = Normaliser.fit(self.front)
        self._front_hypervolume = self.normaliser.hypervolume(self.front)

    def __len__(self) -> int:
        """Return the number of architectures in the table."""
        return len(self._rows)

    @property
    def front_hypervolume(self) -> float:
        """Hypervolume of the front of all rows, normalised to its own ideal and nadir."""
        return self._front_hypervolume

    def vector(self, genome: Genome) -> Vector | None:
        """Return the values that a search receives for a canonical genome; None for a failure.

        Raises:
            DataError: the table does not contain the architecture.
        """
        return self.goal.vector(self._values(genome))

    def score(self, genomes: Sequence[Genome]) -> float | None:
        """Score a search by the canonical genomes that it found, in order.

        Returns:
            With several objectives, the share of the true front's hypervolume that they dominate
            (Zitzler and Thiele 1998). With one, the reported value of the genome that is best by
            the guiding value (the first of several); None if it was not measured or all failed.
        """
        told = [(vector, g) for g in genomes if (vector := self.vector(g)) is not None]
        if self.goal.measure == "hv_share":
            found = self.normaliser.hypervolume([vector for vector, _ in told])
            return found / self._front_hypervolume
        if not told:
            return None
        _, best = min(told, key=lambda pair: pair[0])
        return self._values(best)[self.goal.reported]

    def claimed(self, vectors: Sequence[Vector]) -> float | None:
        """Return the score if a search's own values were the true ones.

        Args:
            vectors: values of the genomes that the search returned, to be minimised.

        Returns:
            With several objectives, a share of the true front's hypervolume, which may exceed 1;
            with one, the best value of the objective, in the sign of its column.
        """
        if self.goal.measure == "hv_share":
            return self.normaliser.hypervolume(vectors) / self._front_hypervolume
        sign = -1.0 if self.goal.maximise else 1.0
        return sign * min(vectors)[0] if vectors else None

    def _parsed(self, row: Row) -> Genome:
        try:
            return self.problem.parse(row.arch)
        except GenomeError as problem:
            space = self.problem.space.name
            raise GenomeError(f"{row.where}: not of space '{space}': {problem}") from None

    def _values(self, genome: Genome) -> dict[str, float | None]:
        if genome in self._rows:
            return self._rows[genome]
        key = self.problem.key(genome)
        if key not in self._by_key:
            raise DataError(
                f"{self.name}: no row for {self.problem.format(genome)}, nor for another "
                f"architecture with its function; a search of '{self.problem.space.name}' needs "
                f"all of them, but the table holds {len(self)}"
            )
        return self._by_key[key]

    @cached_property
    def _by_key(self) -> dict[str, dict[str, float | None]]:
        by_key: dict[str, dict[str, float | None]] = {}
        for genome, values in self._rows.items():
            by_key.setdefault(self.problem.key(genome), values)
        return by_key
