"""Cheap signals: numbers known for a genome before it is evaluated.

A search never builds a network. Whoever can (the evaluation floor) hands it the numbers by
:class:`Signals`, as part of an :class:`InformedProblem`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, final

from evonas.search.problem import Paths, SearchGene, SearchProblem
from evonas.space import Genome


class Signals(Protocol):
    """Numbers that may predict the objectives; equal genomes have equal ones."""

    @property
    def names(self) -> Sequence[str]:
        """Unique names of the signals; empty if there are none."""

    def of(self, genome: Genome, /) -> Sequence[float]:
        """One number per name; NaN or infinite if a genome has none."""


@final
@dataclass(frozen=True)
class NoSignals:
    """No signals."""

    names: tuple[str, ...] = ()

    def of(self, _: Genome, /) -> tuple[float, ...]:
        """No numbers."""
        return ()


@final
@dataclass(frozen=True)
class InformedProblem:
    """A problem with prior knowledge.

    Args:
        problem: the space.
        signals: signals of its canonical genomes, for engines with a model.
        founders: canonical genomes that any engine starts with, most promising first.
    """

    problem: SearchProblem
    signals: Signals = NoSignals()
    founders: tuple[Genome, ...] = ()

    @property
    def genes(self) -> Sequence[SearchGene]:
        """As the problem has them."""
        return self.problem.genes

    @property
    def paths(self) -> Paths:
        """As the problem has them."""
        return self.problem.paths

    def canonical(self, genome: Genome, /) -> Genome:
        """As the problem has it."""
        return self.problem.canonical(genome)

    def key(self, genome: Genome, /) -> str:
        """As the problem has it."""
        return self.problem.key(genome)

    def is_active(self, genome: Genome, /) -> tuple[bool, ...]:
        """As the problem has it."""
        return self.problem.is_active(genome)


class Relevance(NamedTuple):
    """The relevance of one signal for one objective, according to a model.

    Attributes:
        objective: its place in a vector.
        signal: its name.
        effect: the root mean square difference that the model expects between two genomes that
            differ by one standard deviation of this signal alone, in standard deviations of the
            results, on the scale on which they are modelled.
        linear: the same of the part that is linear in the signal.
        length_scale: length scale of the squared exponential, in standard deviations of the
            signal.
    """

    objective: int
    signal: str
    effect: float
    linear: float
    length_scale: float


def founders_of(problem: SearchProblem) -> tuple[Genome, ...]:
    """The founders of an informed problem; none for other problems."""
    return problem.founders if isinstance(problem, InformedProblem) else ()


def signals_of(problem: SearchProblem) -> Signals:
    """The signals of an informed problem; none for other problems."""
    return problem.signals if isinstance(problem, InformedProblem) else NoSignals()
