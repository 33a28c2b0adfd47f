"""A space small enough to know everything about, and every search by name."""

import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from evonas.search import SEARCHES, Problem, Vector
from evonas.space import Genome


@dataclass(frozen=True)
class ToyGene:
    """One gene of a toy."""

    choices: tuple[str, ...]
    kind: str


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
def toy() -> Callable[..., Problem]:
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
