"""A toy space small enough to enumerate, and fixtures for all engines."""

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
    """A gene of the toy space."""

    choices: tuple[str, ...]
    kind: str


@dataclass(frozen=True)
class NoPaths:
    """Paths of a space without connections between sites."""

    names: tuple[str, ...] = ()

    def of(self, _: Genome, /) -> frozenset[int]:
        """No paths."""
        return frozenset()


@dataclass(frozen=True)
class Toy:
    """A space of independent sites, each with an operation, and a rule if there are several.

    A rule is inactive if the operation of its site is 0. In a symmetric toy space the order of the
    sites does not matter, so genomes with different canonical forms can share a key.
    """

    num_sites: int
    num_operations: int
    num_rules: int = 1
    is_symmetric: bool = False
    paths: NoPaths = field(default_factory=NoPaths)

    @property
    def genes(self) -> tuple[ToyGene, ...]:
        """Genes of all operations, then of all rules."""
        operation = ToyGene(tuple(f"op{i}" for i in range(self.num_operations)), "operation")
        rule = ToyGene(tuple(f"rule{i}" for i in range(self.num_rules)), "rule")
        return (operation,) * self.num_sites + (rule,) * self.num_sites

    def is_active(self, genome: Genome) -> tuple[bool, ...]:
        """Operations are always active, rules only at operations with weights."""
        operations = genome.values[: self.num_sites]
        return (True,) * self.num_sites + tuple(operation > 0 for operation in operations)

    def canonical(self, genome: Genome) -> Genome:
        """Set inactive rules to 0."""
        active = self.is_active(genome)
        return Genome(tuple(v if a else 0 for v, a in zip(genome.values, active, strict=True)))

    def key(self, genome: Genome) -> str:
        """The sites as text, sorted in a symmetric toy space."""
        values = self.canonical(genome).values
        sites = list(zip(values[: self.num_sites], values[self.num_sites :], strict=True))
        return str(sorted(sites) if self.is_symmetric else sites)


@pytest.fixture
def toy() -> Callable[..., SearchProblem]:
    """Make a toy space of a given size."""
    return Toy


@pytest.fixture
def noise(request: pytest.FixtureRequest) -> Callable[[Genome], Vector | None]:
    """Random objectives without ties, with one failure in ten."""
    is_for_any = "search_name" in request.fixturenames
    length = request.getfixturevalue("num_objectives") if is_for_any else 2

    def measure(genome: Genome) -> Vector | None:
        rng = random.Random(str(genome))
        return None if rng.random() < 0.1 else tuple(rng.random() for _ in range(length))

    return measure


@pytest.fixture(params=sorted(SEARCHES))
def search_name(request: pytest.FixtureRequest) -> str:
    """Each engine in turn, including any engine that is added later."""
    name = str(request.param)
    if name == "optuna":
        pytest.importorskip("optuna")
    return name


@pytest.fixture
def num_objectives(search_name: str) -> int:
    """Two, or fewer if the engine supports only fewer objectives."""
    return min(2, SEARCHES[search_name].max_objectives or 2)


@dataclass(frozen=True)
class FormulaScore:
    """Loss and accuracy of a genome, computed by a formula."""

    loss: float
    accuracy: float


class FormulaGuide:
    """A guide whose loss is the share of genes that differ from a target genome.

    The loss of a mixture is the expectation, so its gradient for the logits is p (c - mean of c)
    in every gene, with c = 0 for the choice of the target and 1 for others.
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
    """Make a guide that knows the best genome of a problem."""
    return FormulaGuide
