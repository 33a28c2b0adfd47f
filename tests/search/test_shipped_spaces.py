"""Every search on every search space that evonas ships."""

import pytest

from evonas.search.engines import make_search
from evonas.space import load, shipped


@pytest.mark.parametrize("space_name", shipped())
def test_engine_searches_shipped_space_without_repeats(
    search_name: str, num_objectives: int, space_name: str
) -> None:
    space = load(space_name).resized(cells=1)
    search = make_search(search_name, space, population=10, num_objectives=num_objectives, seed=0)
    asked = []
    for _ in range(4):
        genomes = search.ask(10)
        vectors = [(float(sum(g.values)), float(g.values[0]))[:num_objectives] for g in genomes]
        search.tell(genomes, vectors)
        asked += genomes
    assert all(space.canonical(genome) == genome for genome in asked)
    assert len({space.key(genome) for genome in asked}) == len(asked) == 40
