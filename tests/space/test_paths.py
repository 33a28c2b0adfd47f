"""The paths of cells against a walk through their edges, and against the benchmark's isomorphs."""

import random
from collections.abc import Iterator
from itertools import pairwise

from evonas.space import Genome, Space, load
from evonas.space.paths import MAX_NAMES


def names(space: Space, genome: Genome) -> set[str]:
    return {space.paths.names[number] for number in space.paths.of(genome)}


def walks(space: Space, genome: Genome, nodes: tuple[int, ...] = (3,)) -> Iterator[str]:
    """All paths through a cell of NAS-Bench-201, from output to input."""
    if nodes[0] == 0:
        edges = [target * (target - 1) // 2 + source for source, target in pairwise(nodes)]
        operations = [space.genes[edge].choices[genome.values[edge]] for edge in edges]
        if "none" not in operations:
            yield ">".join(["cell:0", *(name for name in operations if name != "skip_connect")])
        return
    for before in range(nodes[0]):
        yield from walks(space, genome, (before, *nodes))


def test_paths_match_walks_without_identities() -> None:
    space, rng = load("nas-bench-201"), random.Random(0)
    assert len(space.paths.names) == 1 + 3 + 9 + 27
    for _ in range(200):
        genome = space.sample(rng)
        assert names(space, genome) == set(walks(space, genome))


def test_functionally_equal_genomes_have_equal_paths() -> None:
    space, rng = load("nas-bench-201").with_rules(["bp"]), random.Random(1)
    seen: dict[str, set[str]] = {}
    shared = 0
    for _ in range(1500):
        genome = space.sample(rng)
        shared += space.key(genome) in seen
        assert seen.setdefault(space.key(genome), names(space, genome)) == names(space, genome)
    assert shared > 50


def test_long_paths_of_large_cell_are_truncated() -> None:
    space, rng = load("darts"), random.Random(0)
    assert len(space.paths.names) == 2 * 2 * (1 + 6 + 36)  # cells, inputs, at most two operations
    assert len(space.paths.names) < 2 * MAX_NAMES
    genome = space.sample(rng)
    assert {name.split(":")[0] for name in names(space, genome)} == {"normal", "reduction"}
    assert all(name.count(">") <= 2 for name in names(space, genome))
