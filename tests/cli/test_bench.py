"""``evonas bench`` as a user types it, on a small table, and on NAS-Bench-201 if it is at hand."""

import json
import os
from collections.abc import Callable
from itertools import product
from pathlib import Path
from statistics import mean, stdev

import pytest

from evonas.search.engines import SEARCHES
from evonas.search.guided_engines import GUIDED_SEARCHES

NASBENCH = Path("nas-bench-201") / "nb201_cifar10.csv.gz"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table of the space 'tiny'."""
    names = ("skip", "conv_3x3", "grouped_3x3", "sep_3x3", "max_pool")
    lines = ["arch,acc,size"]
    for a, b, c in product(range(5), repeat=3):
        for i, j in product(range(2), range(3)):
            arch = f"|{names[a]}~0|+|{names[b]}~{i}|+|{names[c]}~{j}|"
            lines.append(f"{arch},{(a * 7 + b * 3 + c + i * j) % 11},{a + b + c}")
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines))
    return path


def test_printed_shares_are_means_of_written_records(
    table: Path, tmp_path: Path, call: Callable[..., str]
) -> None:
    out = tmp_path / "out.json"
    printed = call(
        *("bench", "--table", str(table), "--space", "tiny", "--maximize", "acc"),
        *("--minimize", "size", "--algorithm", "random,nsga2", "--seeds", "3"),
        *("--checkpoints", "5,20", "--population", "5", "--workers", "1", "--json", str(out)),
    )  # fmt: skip
    records = json.loads(out.read_text())
    assert [set(record) for record in records] == [
        {"algorithm", "seed", "evaluations", "hv_share"}
    ] * 12
    rows = {line.split()[0]: line for line in printed.splitlines() if line.strip()}
    for name, count in product(("random", "nsga2"), (5, 20)):
        shares = [
            record["hv_share"]
            for record in records
            if (record["algorithm"], record["evaluations"]) == (name, count)
        ]
        assert f"{mean(shares):.3f} ± {stdev(shares):.3f}" in rows[name]


def test_single_objective_is_reported_as_value(
    table: Path, tmp_path: Path, call: Callable[..., str]
) -> None:
    out = tmp_path / "out.json"
    call(
        *("bench", "--table", str(table), "--space", "tiny", "--maximize", "acc"),
        *("--report", "size", "--algorithm", "random", "--seeds", "2", "--first-seed", "7"),
        *("--checkpoints", "750", "--workers", "1", "--json", str(out)),
    )  # fmt: skip
    assert [(r["seed"], set(r)) for r in json.loads(out.read_text())] == [
        (seed, {"algorithm", "seed", "evaluations", "value"}) for seed in (7, 8)
    ]


def test_printed_noisy_results_match_written_records(
    table: Path, tmp_path: Path, call: Callable[..., str]
) -> None:
    out = tmp_path / "out.json"
    printed = call(
        *("bench", "--table", str(table), "--space", "tiny", "--maximize", "acc"),
        *("--minimize", "size", "--algorithm", "random,nsga2", "--seeds", "3"),
        *("--checkpoints", "15,40", "--population", "5", "--workers", "1", "--json", str(out)),
        *("--noise", "acc=0.5"),
    )  # fmt: skip
    records = json.loads(out.read_text())
    assert [list(record) for record in records] == [
        ["algorithm", "seed", "evaluations", "returned", "archive", "claimed", "optimism"]
    ] * 12
    assert all(set(record["optimism"]) == {"acc", "size"} for record in records)
    rows = [line.split() for line in printed.splitlines()]
    for name, count in product(("random", "nsga2"), (15, 40)):
        some = [r for r in records if (r["algorithm"], r["evaluations"]) == (name, count)]
        (row,) = [row for row in rows if row[:2] == [name, str(count)]]
        shares = [record["returned"] for record in some]
        expected = [f"{mean(shares):.3f}", "±", f"{stdev(shares) / 3**0.5:.3f}"]
        expected += [
            f"{mean(record[key] for record in some):.3f}" for key in ("archive", "claimed")
        ]
        expected.append(f"{mean(record['optimism']['acc'] for record in some):+.3f}")
        assert row[2:8] == expected
        assert float(row[8]) == pytest.approx(0.0)  # its size is known


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--noise", "ac=1"], "noise: 'ac' is not an objective; did you mean 'acc'"),
        (["--noise", "acc=-1"], "noise: expected a standard deviation of at least 0 for 'acc'"),
        (["--noise", "acc=nan"], "noise: expected column=standard deviation"),
        (["--noise", "acc"], "noise: expected column=standard deviation"),
        (["--noise", "acc=1", "--replicates", "0"], "replicates: expected 'auto' or a whole"),
        (["--noise", "acc=1", "--replicates", "some"], "replicates: expected 'auto' or a whole"),
        (["--replicates", "2"], "replicates: without --noise every training gives"),
        (["--maximize", "ac"], "no column 'ac'; did you mean 'acc'"),
        (["--maximize", ""], "objectives: expected at least one"),
        (["--minimize", "acc"], "'acc' is named twice"),
        (["--minimize", "size", "--report", "acc"], "expected one objective"),
        (["--algorithm", "nsg2"], "unknown algorithm 'nsg2'; did you mean 'nsga2'"),
        (["--algorithm", "bionas-darts"], "it trains a supernet, which takes networks and images"),
        (["--algorithm", "moead"], "algorithm 'moead': expected at least 2 objectives, got 1"),
        (["--checkpoints", "many"], "checkpoints: expected whole numbers"),
        (["--seeds", "0"], "seeds: expected a whole number of at least 1, got 0"),
        (["--seeds", "9" * 30], "seeds: expected at most 100,000, got 999"),
        (["--first-seed", "-1"], "first-seed: expected at least 0"),
        (["--workers", "0"], "workers: expected a whole number of at least 1, got 0"),
        (["--space", "tin"], "unknown search space 'tin'; did you mean 'tiny'"),
        (["--space", "nas-bench-201"], "csv:2: not of space 'nas-bench-201'"),
        (["--table", "nowhere.csv"], "nowhere.csv: cannot be read: No such file"),
        (["--table", "."], "no column 'acc'"),
        (["--json", "nowhere/out.json"], "there is no folder nowhere"),
    ],
)
def test_wrong_option_of_bench_is_one_message(
    table: Path, call: Callable[..., str], change: list[str], message: str
) -> None:
    given = {"--table": str(table), "--space": "tiny", "--maximize": "acc", "--seeds": "1"}
    given |= dict(zip(change[::2], change[1::2], strict=True))
    arguments = [word for pair in given.items() for word in pair]
    assert message in call("bench", *arguments, code=2)


def test_algorithms_command_lists_every_engine(call: Callable[..., str]) -> None:
    printed = call("algorithms")
    for search in (*SEARCHES.values(), *GUIDED_SEARCHES.values()):
        assert search.name in printed
        assert search.title.split()[0] in printed


def test_random_search_on_nasbench_matches_published_results(
    tmp_path: Path, call: Callable[..., str]
) -> None:
    folders = [Path(__file__).parents[3] / "shared" / "data"]
    if "EVONAS_DATA" in os.environ:
        folders.append(Path(os.environ["EVONAS_DATA"]))
    file = next((f / NASBENCH for f in folders if (f / NASBENCH).exists()), None)
    if file is None:
        pytest.skip(f"{NASBENCH} is not here")
    out = tmp_path / "out.json"
    printed = call(
        *("bench", "--table", str(file), "--space", "nas-bench-201", "--algorithm", "random"),
        *("--maximize", "c10_test_200,c10_pgd_e1", "--seeds", "12", "--checkpoints", "100"),
        *("--workers", "1", "--json", str(out)),
    )  # fmt: skip
    assert "hypervolume, which is 0.85044" in printed
    assert "by 11 points" in printed
    # published, for random search without repeated functions: 0.457 +- 0.099 in 30 runs
    found = mean(record["hv_share"] for record in json.loads(out.read_text()))
    assert found == pytest.approx(0.457, abs=3 * 0.099 * (1 / 12 + 1 / 30) ** 0.5)


def test_engine_with_model_uses_free_signals_by_default(
    table: Path, tmp_path: Path, call: Callable[..., str]
) -> None:
    found = []
    for number, signals in enumerate(([], ["--signals", "free"], ["--signals", "none"])):
        out = tmp_path / f"{number}.json"
        call(
            *("bench", "--table", str(table), "--space", "tiny", "--maximize", "acc"),
            *("--minimize", "size", "--algorithm", "evonas", "--seeds", "2", "--population", "7"),
            *("--checkpoints", "14,21,28", "--workers", "1", "--json", str(out), *signals),
        )  # fmt: skip
        found.append(json.loads(out.read_text()))
    default, free, none = found
    assert default == free != none


def test_signals_require_at_least_one_engine_with_model(
    table: Path, tmp_path: Path, call: Callable[..., str]
) -> None:
    out = tmp_path / "out.json"
    arguments = (
        *("bench", "--table", str(table), "--space", "tiny", "--maximize", "acc"),
        *("--minimize", "size", "--seeds", "1", "--checkpoints", "14", "--workers", "1"),
        *("--json", str(out), "--signals", "free"),
    )  # fmt: skip
    call(*arguments, "--algorithm", "evonas,random", "--population", "7")
    assert {record["algorithm"] for record in json.loads(out.read_text())} == {"evonas", "random"}
    refused = call(*arguments, "--algorithm", "random", code=2)
    assert "random has no model that signals could inform" in " ".join(refused.split())
