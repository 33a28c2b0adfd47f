"""Random genomes that are new, until there are none."""

import random
from collections import Counter
from collections.abc import Callable

from evonas.search.problem import SearchProblem
from evonas.search.unseen import NUM_DRAWS_BEFORE_GIVING_UP, UnseenGenomes


def test_first_genome_is_uniform_over_genotypes(toy: Callable[..., SearchProblem]) -> None:
    problem = toy(num_sites=1, num_operations=2, num_rules=3)  # 6 genotypes, 4 networks
    drawn = Counter(
        UnseenGenomes(problem, rng=random.Random(seed)).draw(1, is_new=lambda _: True)[0]
        for seed in range(3000)
    )
    shares = {genome.values: count / 3000 for genome, count in drawn.items()}
    expected: dict[tuple[int, ...], float]
    expected = {(0, 0): 3 / 6, (1, 0): 1 / 6, (1, 1): 1 / 6, (1, 2): 1 / 6}
    assert shares.keys() == expected.keys()
    for values, share in shares.items():  # 4 standard deviations
        assert abs(share - expected[values]) < 4 * (expected[values] / 3000) ** 0.5


def test_last_unseen_network_among_thousands_is_found(toy: Callable[..., SearchProblem]) -> None:
    problem = toy(num_sites=12, num_operations=2)
    last = str([(1, 0)] * 12)
    source = UnseenGenomes(problem, rng=random.Random(0))
    (genome,) = source.draw(3, is_new=lambda key: key == last)
    assert genome.values == (1,) * 12 + (0,) * 12


def test_listed_networks_taken_meanwhile_are_skipped(
    toy: Callable[..., SearchProblem],
) -> None:
    problem = toy(num_sites=12, num_operations=2)
    source = UnseenGenomes(problem, rng=random.Random(0))
    few = {str([(i, 0), (j, 0)] + [(1, 0)] * 10) for i in (0, 1) for j in (0, 1)}
    (first,) = source.draw(1, is_new=few.__contains__)
    (taken,) = random.Random(0).sample(sorted(few - {problem.key(first)}), 1)
    rest = source.draw(9, is_new=(few - {problem.key(first), taken}).__contains__)
    assert {problem.key(genome) for genome in rest} == few - {problem.key(first), taken}


def test_last_unseen_networks_come_in_random_order(
    toy: Callable[..., SearchProblem],
) -> None:
    """Each of the last four is equally often the first, as in draws without a list."""
    problem = toy(num_sites=10, num_operations=2)
    few = {str([(i, 0), (j, 0)] + [(1, 0)] * 8) for i in (0, 1) for j in (0, 1)}
    firsts: Counter[str] = Counter()
    orders = set()
    for seed in range(40):
        source = UnseenGenomes(problem, rng=random.Random(seed))
        source._rest = source._listed()
        rest = source.draw(4, is_new=few.__contains__)
        keys = [problem.key(genome) for genome in rest]
        assert set(keys) == few
        firsts[keys[0]] += 1
        orders.add(tuple(keys))
    assert set(firsts) == few
    assert max(firsts.values()) < 22  # 10 expected, four standard deviations
    assert len(orders) > 12


def test_draws_in_unlistable_space_stop_at_a_limit(
    toy: Callable[..., SearchProblem],
) -> None:
    problem = toy(num_sites=18, num_operations=2)
    tried = []

    def is_new(key: str) -> bool:
        tried.append(key)
        return False

    assert UnseenGenomes(problem, rng=random.Random(0)).draw(2, is_new=is_new) == []
    assert len(tried) == NUM_DRAWS_BEFORE_GIVING_UP
