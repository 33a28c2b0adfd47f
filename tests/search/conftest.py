"""A space small enough to know everything about, and every search by name."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from evonas.search.engines import SEARCHES
from evonas.search.pareto import Vector
from evonas.search.problem import SearchProblem
from evonas.search.supernet_guided.guide_protocol import Logits
from evonas.search.supernet_guided.logits import LogitSpace
from evonas.space import Genome


@dataclass(frozen=True)
class ToyGene:
    """One gene of a toy."""

    choices: tuple[str, ...]
    kind: str


@dataclass(frozen=True)
class NoPaths:
    """Sites stand alone."""

    names: tuple[str, ...] = ()

    def of(self, _: Genome, /) -> frozenset[int]:
        """None."""
        return frozenset()


@dataclass(frozen=True)
class Toy:
    """Sites with an operation each, and a rule each if there is more than one rule.

    A rule is inactive where the operation is 0. In a symmetric toy the order of the sites does not
    matter, so that genomes with different canonical forms can share a key.
    """

    num_sites: int
    num_operations: int
    num_rules: int = 1
    is_symmetric: bool = False
    paths: NoPaths = field(default_factory=NoPaths)

    @property
    def genes(self) -> tuple[ToyGene, ...]:
        """The operations of all sites, then their rules."""
        operation = ToyGene(tuple(f"op{i}" for i in range(self.num_operations)), "operation")
        rule = ToyGene(tuple(f"rule{i}" for i in range(self.num_rules)), "rule")
        return (operation,) * self.num_sites + (rule,) * self.num_sites

    def is_active(self, genome: Genome) -> tuple[bool, ...]:
        """An operation always, a rule where there is something to train."""
        operations = genome.values[: self.num_sites]
        return (True,) * self.num_sites + tuple(operation > 0 for operation in operations)

    def canonical(self, genome: Genome) -> Genome:
        """Inactive rules set to 0."""
        active = self.is_active(genome)
        return Genome(tuple(v if a else 0 for v, a in zip(genome.values, active, strict=True)))

    def key(self, genome: Genome) -> str:
        """The sites, sorted in a symmetric toy."""
        values = self.canonical(genome).values
        sites = list(zip(values[: self.num_sites], values[self.num_sites :], strict=True))
        return str(sorted(sites) if self.is_symmetric else sites)


@pytest.fixture
def toy() -> Callable[..., SearchProblem]:
    """Makes a toy space of a given size."""
    return Toy


@pytest.fixture
def noise(request: pytest.FixtureRequest) -> Callable[[Genome], Vector | None]:
    """Objectives without structure or ties, and one failure in ten."""
    is_for_any = "search_name" in request.fixturenames
    length = request.getfixturevalue("num_objectives") if is_for_any else 2

    def measure(genome: Genome) -> Vector | None:
        rng = random.Random(str(genome))
        return None if rng.random() < 0.1 else tuple(rng.random() for _ in range(length))

    return measure


@pytest.fixture(params=sorted(SEARCHES))
def search_name(request: pytest.FixtureRequest) -> str:
    """Every search there is, so that a new one is tested on the day it arrives."""
    name = str(request.param)
    if name == "optuna":
        pytest.importorskip("optuna")
    return name


@pytest.fixture
def num_objectives(search_name: str) -> int:
    """Two, or as many as the search can take."""
    return min(2, SEARCHES[search_name].max_objectives or 2)


@dataclass(frozen=True)
class FormulaScore:
    """A loss and an accuracy."""

    loss: float
    accuracy: float


class FormulaGuide:
    """The loss of a genome is the share of active genes that differ from a target's.

    Of a mixture it is the expectation of that, so its slope in the logits is p (c - mean of c)
    in every gene, with c = 0 for the target's choice and 1 for others.
    """

    num_epochs = 3
    num_steps = 4

    def __init__(self, problem: SearchProblem, target: Genome) -> None:
        self._problem = problem
        self._space = LogitSpace(problem)
        self._target = target.values
        self.learned: list[Genome] = []
        self.mixtures: list[Logits] = []
        self.scored: list[Genome] = []

    def learn_genome(self, genome: Genome, /) -> None:
        self.learned.append(genome)

    def learn_mixture(self, logits: Logits, /) -> None:
        self.mixtures.append(np.array(logits))

    def slope(self, logits: Logits, /) -> Logits:
        slopes = []
        genes = self._space.genes(self._space.softmax(logits))
        for shares, value in zip(genes, self._target, strict=True):
            cost = np.ones(len(shares))
            cost[value] = 0.0
            slopes.append(shares * (cost - shares @ cost) / len(self._target))
        return np.concatenate(slopes)

    def score(self, genomes: Sequence[Genome], /) -> list[FormulaScore]:
        self.scored += genomes
        losses = [self.loss(genome) for genome in genomes]
        return [FormulaScore(loss, 1.0 - loss) for loss in losses]

    def loss(self, genome: Genome) -> float:
        pairs = zip(genome.values, self._target, strict=True)
        return sum(a != b for a, b in pairs) / len(self._target)


@pytest.fixture
def formula_guide() -> Callable[[SearchProblem, Genome], FormulaGuide]:
    """Makes a guide that knows the best genome of a problem."""
    return FormulaGuide
