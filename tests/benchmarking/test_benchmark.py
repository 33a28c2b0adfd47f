"""Tables written by hand, whose fronts and shares can be worked out on paper."""

from collections.abc import Callable
from itertools import product

import pytest

from evonas.benchmarking.benchmark import Benchmark, Goal
from evonas.errors import ConfigError, DataError, GenomeError
from evonas.search.pareto import Vector
from evonas.space import Genome

from .conftest import ARCHITECTURES, OPERATIONS, Cells, arch

Make = Callable[..., Benchmark]

# the front is (9, 1), (8, 0): ideal (9, 0), nadir (8, 1); every other row is far behind
GOAL = Goal(("good",), ("bad",))
A, B, C = arch("conv", "conv", "conv"), arch("conv", "skip", "conv"), arch("conv", "none", "conv")
WORSE: dict[str, tuple[float | str, ...]] = dict.fromkeys(ARCHITECTURES, (1.0, 9.0))
CELLS: Cells = {**WORSE, A: (9.0, 1.0), B: (8.0, 0.0), C: (8.5, 1.0)}


@pytest.fixture
def benchmark(make_benchmark: Make) -> Benchmark:
    return make_benchmark(CELLS, ("good", "bad"), GOAL)


def genomes(benchmark: Benchmark, *names: str) -> list[Genome]:
    return [benchmark.problem.parse(name) for name in names]


def test_front_is_normalised_to_its_own_extremes(benchmark: Benchmark) -> None:
    assert benchmark.front == [(-9.0, 1.0), (-8.0, 0.0)]
    # two rectangles of 1.1 x 0.1 that share 0.1 x 0.1, up to the reference (1.1, 1.1)
    assert benchmark.front_hypervolume == pytest.approx(2 * 1.1 * 0.1 - 0.1 * 0.1)


@pytest.mark.parametrize(
    ("found", "volume"),
    [
        ((), 0.0),
        ((arch("none", "none", "none"),), 0.0),
        ((A,), 1.1 * 0.1),
        ((C,), 0.6 * 0.1),  # (0.5, 1) after normalisation
        ((C, B), 0.6 * 0.1 + 1.1 * 0.1 - 0.1 * 0.1),
        ((A, C), 1.1 * 0.1),
        ((B, A), 2 * 1.1 * 0.1 - 0.1 * 0.1),
    ],
)
def test_score_is_share_of_front_hypervolume(
    benchmark: Benchmark, found: tuple[str, ...], volume: float
) -> None:
    expected = volume / (2 * 1.1 * 0.1 - 0.1 * 0.1)
    assert benchmark.score(genomes(benchmark, *found)) == pytest.approx(expected)


def test_search_sees_minimised_objectives_and_no_rule_genes(benchmark: Benchmark) -> None:
    (genome,) = genomes(benchmark, A)
    assert benchmark.vector(genome) == (-9.0, 1.0)
    assert len(genome.values) == len(benchmark.problem.genes) == 3
    rules = {g.kind for g in benchmark.problem.space.genes if g.choices == ("bp",)}
    assert rules == {"rule"}


def test_keys_and_canonical_forms_match_space_under_bp(benchmark: Benchmark) -> None:
    problem = benchmark.problem
    space = problem.space
    for name in ARCHITECTURES:
        genome, whole = problem.parse(name), space.parse(name)
        assert problem.key(genome) == space.key(whole)
        assert problem.whole(problem.canonical(genome)) == space.canonical(whole)
        assert problem.is_active(genome) == space.is_active(whole)[:3]
        assert problem.format(genome) == name
    # without the last edge, the first has no effect
    dead = problem.parse(arch("conv", "skip", "none"))
    assert problem.format(problem.canonical(dead)) == arch("none", "skip", "none")


def test_empty_table_cell_is_a_failure(make_benchmark: Make) -> None:
    benchmark = make_benchmark({**CELLS, A: (9.0, "")}, ("good", "bad"), GOAL)
    assert benchmark.vector(*genomes(benchmark, A)) is None
    assert benchmark.front == [(-8.5, 1.0), (-8.0, 0.0)]
    assert benchmark.score(genomes(benchmark, A)) == 0.0


def test_missing_row_falls_back_to_equal_function(make_benchmark: Make) -> None:
    # seven texts of the same function; only one of them keeps its row
    pairs = [pair for pair in product(OPERATIONS, repeat=2) if "none" in pair]
    several = [arch("conv", "none", "skip"), *(arch(a, "conv", b) for a, b in pairs)]
    cells = {name: values for name, values in CELLS.items() if name not in several}
    cells[arch("skip", "none", "conv")] = (4.0, 4.0)
    benchmark = make_benchmark(cells, ("good", "bad"), GOAL)
    (genome,) = genomes(benchmark, arch("none", "conv", "none"))
    assert benchmark.vector(genome) == (-4.0, 4.0)


def test_unlisted_architecture_raises_data_error(make_benchmark: Make) -> None:
    benchmark = make_benchmark({A: (9.0, 1.0), B: (8.0, 0.0)}, ("good", "bad"), GOAL)
    (genome,) = genomes(benchmark, C)
    with pytest.raises(DataError, match=r"table\.csv: no row for \|conv~0\|\+\|none~0\|conv~1\|"):
        benchmark.vector(genome)


@pytest.mark.parametrize(
    ("report", "expected"), [(None, [1.0, 9.0, 9.0, 9.0]), ("bad", [9.0, 1.0, 1.0, 1.0])]
)
def test_reported_objective_may_differ_from_guiding_one(
    make_benchmark: Make, report: str | None, expected: list[float]
) -> None:
    benchmark = make_benchmark(CELLS, ("good", "bad"), Goal(("good",), (), report))
    order = genomes(benchmark, arch("none", "none", "none"), A, B, C)
    assert [benchmark.score(order[: n + 1]) for n in range(4)] == expected
    assert benchmark.score([]) is None


def test_first_of_tied_architectures_is_reported(make_benchmark: Make) -> None:
    cells: Cells = {**CELLS, A: (9.0, 3.0), C: (9.0, 2.0)}
    benchmark = make_benchmark(cells, ("good", "bad"), Goal(("good",), (), "bad"))
    assert benchmark.score(genomes(benchmark, B, C, A)) == 2.0
    assert benchmark.score(genomes(benchmark, B, A, C)) == 3.0


def test_minimising_equals_maximising_the_negative(make_benchmark: Make) -> None:
    cells: Cells = {name: (-float(good), bad) for name, (good, bad) in CELLS.items()}
    benchmark = make_benchmark(CELLS, ("good", "bad"), GOAL)
    other = make_benchmark(cells, ("good", "bad"), Goal((), ("good", "bad")))
    for name in ARCHITECTURES:
        vector: Vector | None = benchmark.vector(*genomes(benchmark, name))
        assert other.vector(*genomes(other, name)) == vector


def test_rows_that_do_not_fit_the_space_are_rejected(make_benchmark: Make) -> None:
    with pytest.raises(GenomeError, match=r"table\.csv:2: not of space 'small'"):
        make_benchmark({"|conv~0|": (1.0,)}, ("good",), Goal(("good",), ()))
    spelled = A.replace("|conv~0|conv~1|", "|conv~1|conv~0|")
    with pytest.raises(DataError, match=r":3: architecture .* already has a row"):
        make_benchmark({A: (1.0,), spelled: (2.0,)}, ("good",), Goal(("good",), ()))
    with pytest.raises(DataError, match="no row has a value for good"):
        make_benchmark({A: ("",)}, ("good",), Goal(("good",), ()))


@pytest.mark.parametrize(
    ("goal", "message"),
    [
        (((), ()), "expected at least one, by --maximize or --minimize"),
        ((("a", "b"), ("a",)), "'a' is named twice"),
        ((("a",), ("b",), "c"), "expected one objective if 'c' is reported, got 2"),
    ],
)
def test_contradictory_goals_are_rejected(goal: tuple[tuple[str, ...], ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Goal(*goal)  # type: ignore[arg-type]
