"""Cheap signals: numbers that are known about a genome before it is evaluated.

A search never builds a network. The evaluation package passes the numbers in through
:class:`Signals`, as part of an :class:`InformedProblem`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, final

from evonas.search.problem import Paths, SearchGene, SearchProblem
from evonas.space import Genome


class Signals(Protocol):
    """Numbers that may predict the objectives; equal genomes have equal numbers."""

    @property
    def names(self) -> Sequence[str]:
        """Names of the signals, without repetition; empty if there are none."""

    def of(self, genome: Genome, /) -> Sequence[float]:
        """Return one number per name; NaN or infinite where the genome has none."""


@final
@dataclass(frozen=True)
class NoSignals:
    """No signals."""

    names: tuple[str, ...] = ()

    def of(self, _: Genome, /) -> tuple[float, ...]:
        """Return no numbers."""
        return ()


@final
@dataclass(frozen=True)
class InformedProblem:
    """A problem with prior information.

    Args:
        problem: search space.
        signals: signals of its canonical genomes, for engines with a model.
        founders: canonical genomes that every engine starts with, most promising first.
    """

    problem: SearchProblem
    signals: Signals = NoSignals()
    founders: tuple[Genome, ...] = ()

    @property
    def genes(self) -> Sequence[SearchGene]:
        """Genes of the problem."""
        return self.problem.genes

    @property
    def paths(self) -> Paths:
        """Paths of the problem."""
        return self.problem.paths

    def canonical(self, genome: Genome, /) -> Genome:
        """Return the canonical form that the problem gives."""
        return self.problem.canonical(genome)

    def key(self, genome: Genome, /) -> str:
        """Return the key that the problem gives."""
        return self.problem.key(genome)

    def is_active(self, genome: Genome, /) -> tuple[bool, ...]:
        """Return which genes the problem considers active."""
        return self.problem.is_active(genome)


class Relevance(NamedTuple):
    """How much one signal matters for one objective, according to a fitted model.

    Attributes:
        objective: index of the objective in a vector.
        signal: name of the signal.
        effect: root mean square difference that the model predicts between two genomes that differ
            by one standard deviation in this signal alone, in standard deviations of the results,
            on the scale on which these are modelled.
        linear: as ``effect``, for the part that is linear in the signal.
        length_scale: length scale of the squared exponential, in standard deviations of the
            signal.
    """

    objective: int
    signal: str
    effect: float
    linear: float
    length_scale: float


def founders_of(problem: SearchProblem) -> tuple[Genome, ...]:
    """Return the founders of an informed problem; none for any other problem."""
    return problem.founders if isinstance(problem, InformedProblem) else ()


def signals_of(problem: SearchProblem) -> Signals:
    """Return the signals of an informed problem; none for any other problem."""
    return problem.signals if isinstance(problem, InformedProblem) else NoSignals()
