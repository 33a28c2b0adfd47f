"""``evonas compare`` as a user types it: on runs, on benches, and on invalid input."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.image import imread

from evonas.benchmarking.scores import BenchScore, write_scores

RUN = [
    "run", "--space", "tiny", "--objectives", "acc,params", "--rules", "usf", "--population", "3",
    "--replicates", "1", "--confirm", "0",
    "--generations", "2", "--epochs", "1", "--images", "60", "--batch", "20", "--channels", "4",
    "--workers", "1", "--quiet",
]  # fmt: skip


@pytest.fixture
def bench_file(tmp_path: Path) -> Path:
    """Two engines, four seeds, one checkpoint."""
    path = tmp_path / "bench.json"
    records = [
        BenchScore(name, seed, 100, "hv_share", base + seed / 100)
        for name, base in (("nsga2", 0.6), ("random", 0.5))
        for seed in range(4)
    ]
    write_scores(records, path)
    return path


def test_comparison_of_runs_writes_tables_and_figures(
    tmp_path: Path, call: Callable[..., str]
) -> None:
    folders = []
    for algorithm in ("nsga2", "random"):
        for seed in ("0", "1"):
            folders.append(str(tmp_path / f"{algorithm}-{seed}"))
            call(*RUN, "--algorithm", algorithm, "--seed", seed, "--out", folders[-1])
    out = tmp_path / "out"
    printed = call("compare", *folders, "--out", str(out))
    assert "nsga2: 2 runs, random: 2 runs; compared at 6 evaluations" in printed
    assert "too few runs: no difference can be significant at 0.05 after Holm" in printed
    names = {path.name for path in out.iterdir()}
    assert names >= {"runs.csv", "groups.csv", "tests.csv", "trajectories.csv", "hypervolume.png"}
    assert imread(out / "attainment.png").shape[2] == 4
    # both engines of a seed begin with the same three candidates
    trajectories = pd.read_csv(out / "trajectories.csv")
    first = trajectories[trajectories.evaluations <= 3].groupby("run")["hypervolume"].max()
    assert first[folders[0]] == first[folders[2]]

    reference = str(Path(folders[0]) / "pareto.csv")
    printed = call("compare", folders[0], "--reference", reference)
    (row,) = [line.split() for line in printed.splitlines() if "igd_plus" in line]
    assert row[3] == "0"  # a run attains its own front
    assert "Holm" not in printed  # one group has nothing to be tested against

    message = call("compare", folders[0], "--reference", "nowhere.csv", code=2)
    assert "nowhere.csv: cannot be read" in message
    message = call("compare", folders[0], "--reference", str(out / "tests.csv"), code=2)
    assert "no column 'acc'" in message


def test_too_few_runs_are_counted_pair_by_pair(tmp_path: Path, call: Callable[..., str]) -> None:
    def compared(**sizes: int) -> str:
        records = [
            BenchScore(name, seed, 100, "hv_share", place + seed / 100)
            for place, (name, size) in enumerate(sizes.items())
            for seed in range(size)
        ]
        write_scores(records, tmp_path / "bench.json")
        return call("compare", str(tmp_path / "bench.json"))

    # 3 runs against 5: p can be 2 / 56 = 0.036
    assert "too few" not in compared(nsga2=3, random=5)
    # 4 against 4: 2 / 70 = 0.029, but three pairs of them are adjusted to 0.086 at least
    assert "too few runs: no difference" in compared(nsga2=4, random=4, evonas=4)
    printed = compared(nsga2=6, random=6, evonas=1)
    assert "too few runs of nsga2 and evonas: their difference cannot be" in printed
    assert "too few runs of nsga2 and random" not in printed


def test_run_without_feasible_candidates_is_reported(
    tmp_path: Path, call: Callable[..., str]
) -> None:
    good, bad = str(tmp_path / "good"), str(tmp_path / "bad")
    run = ["run", *RUN[1:], "--algorithm", "random"]
    call(*run, "--out", good)
    call(*run, "--constraint", "acc>=99.99%", "--out", bad)
    nothing = "no candidate is within the constraints (6 outside)"
    assert call("compare", bad, code=2) == (
        f"evonas: runs: there is nothing to compare: {nothing}\n"
    )
    assert f"{bad}: {nothing}\n" in call("compare", good, bad)


def test_comparison_of_benches_reports_exact_p_values(
    bench_file: Path, tmp_path: Path, call: Callable[..., str]
) -> None:
    printed = call("compare", str(bench_file), "--out", str(tmp_path / "out"))
    assert "nsga2: 4 runs, random: 4 runs; compared at 100 evaluations" in printed
    (row,) = [
        line.split() for line in printed.splitlines() if "hv_share@100  nsga2  random" in line
    ]
    # 0.60 to 0.63 against 0.50 to 0.53: all pairs are won, two of 70 partitions are as extreme
    assert row[3:] == ["+0.1", "1.00", "0.029", "0.029"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "runs.csv", "groups.csv", "tests.csv", "trajectories.csv", "hypervolume.png"
    }  # fmt: skip


def test_invalid_comparison_is_one_message_and_writes_nothing(
    bench_file: Path, tmp_path: Path, call: Callable[..., str]
) -> None:
    out = tmp_path / "out"
    for arguments, message in (
        ([], "runs: expected folders of runs, or files of evonas bench, got none"),
        ([str(tmp_path)], "expected the folder of a run"),
        ([str(bench_file), str(tmp_path)], "either run folders or files of evonas bench"),
        ([str(bench_file), "--reference", "x.csv"], "not for files of evonas bench"),
        ([str(tmp_path / "none.json")], "none.json: cannot be read: No such file"),
        ([str(bench_file), "--out", str(bench_file)], "expected a folder"),
    ):
        extra = [] if "--out" in arguments else ["--out", str(out)]
        assert message in call("compare", *arguments, *extra, code=2)
    assert not out.exists()
