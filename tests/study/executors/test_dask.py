"""A real scheduler and workers on loopback. Oracle: the tables of one process."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest
import torch
from distributed import Client

from evonas.errors import ClusterError
from evonas.evaluation.data import known, loading
from evonas.evaluation.data.given import packed
from evonas.evaluation.data.loading import give, load_search_data, load_test, source_of
from evonas.evaluation.evaluate import evaluate
from evonas.evaluation.protocol import Protocol
from evonas.report.tables import write_tables
from evonas.settings import Settings
from evonas.settings.workers import parse_workers
from evonas.space import Genome, load
from evonas.study.executors.dask import connection
from evonas.study.executors.dask import executor as dask_executor
from evonas.study.executors.dask.executor import DaskExecutor, resources_of
from evonas.study.executors.dask.task import own_versions
from evonas.study.executors.inline import InlineExecutor
from evonas.study.executors.make import make_executor
from evonas.study.executors.order import Order
from evonas.study.run import run_study
from evonas.study.shape import shaped_space
from tests.small_run import SMALL_RUN, changed
from tests.study.executors.loopback import PATIENCE_SECONDS, Loopback, free_port

pytestmark = pytest.mark.system

SPACE = shaped_space(load("nas-bench-201"), SMALL_RUN)
PROTOCOL = Protocol.of(SMALL_RUN)


def genomes(count: int) -> list[Genome]:
    rng = random.Random(1)
    return [SPACE.canonical(SPACE.sample(rng)) for _ in range(count)]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a scheduler with two workers, one of which declares a GPU."""
    cluster = Loopback(tmp_path_factory.mktemp("dask"))
    cluster.start((), ("--resources", "GPU=1"))
    yield cluster.address
    cluster.close()


@pytest.fixture
def make(address: str) -> Iterator[Callable[..., DaskExecutor]]:
    made: list[DaskExecutor] = []

    def executor(seconds: float | None = None, device: str = "cpu") -> DaskExecutor:
        made.append(DaskExecutor(address, workers=4, device=device, timeout_seconds=seconds))
        end = time.monotonic() + PATIENCE_SECONDS
        while made[-1].capacity < 2 and time.monotonic() < end:
            time.sleep(0.1)
        return made[-1]

    yield executor
    for each in made:
        each.close()


def files(folder: Path) -> dict[str, bytes]:
    kept = [*folder.glob("models/*"), folder / "standings.json"]
    return {path.name: path.read_bytes() for path in kept if path.exists()}


def test_dask_run_with_killed_worker_gives_same_tables(
    config: Settings,
    begin: Callable[[Settings, str], Path],
    make: Callable[..., DaskExecutor],
    address: str,
) -> None:
    folders = [begin(config, name) for name in ("inline", "dask")]
    executor = make()
    killed: list[int] = []

    def kill_once(_: object) -> None:
        if not killed:
            with Client(address) as client:
                killed.append(next(iter(client.run(os.getpid).values())))
            os.kill(killed[0], signal.SIGKILL)

    results = [
        run_study(folders[0], executor=InlineExecutor(), on_progress=lambda _: None),
        run_study(folders[1], executor=executor, on_progress=kill_once),
    ]
    assert killed
    timeless = [[replace(e, seconds=0.0) for e in found.evaluations] for found in results]
    assert timeless[0] == timeless[1]
    assert files(folders[0]) == files(folders[1])
    tables = []
    for folder, result in zip(folders, results, strict=True):
        still = [
            replace(c, trainings=tuple(replace(t, seconds=0.0) for t in c.trainings))
            for c in result.candidates
        ]
        write_tables(folder, still, config.problem.objectives)
        tables.append([path.read_bytes() for path in sorted(folder.glob("*.csv"))])
    assert tables[0] == tables[1]


def test_result_lost_with_all_workers_is_recomputed(
    make: Callable[..., DaskExecutor], address: str
) -> None:
    executor = make()
    (genome,) = genomes(1)
    executor.submit(Order(SPACE, genome, PROTOCOL))
    (task,) = executor._tasks.values()
    end = time.monotonic() + PATIENCE_SECONDS
    while task.future.status != "finished" and time.monotonic() < end:
        time.sleep(0.05)
    with Client(address) as client:
        for process in client.run(os.getpid).values():
            os.kill(process, signal.SIGKILL)
    found, weights = executor.next_done()
    expected = evaluate(SPACE, genome, protocol=PROTOCOL)
    assert replace(found, seconds=0.0) == replace(expected[0], seconds=0.0)
    assert weights == expected[1]


def test_result_in_time_counts_even_if_the_run_was_busy_beyond_the_limit(
    make: Callable[..., DaskExecutor],
) -> None:
    executor = make(600.0)
    executor.submit(Order(SPACE, genomes(1)[0], PROTOCOL))
    (task,) = executor._tasks.values()
    end = time.monotonic() + PATIENCE_SECONDS
    while not task.future.done() and time.monotonic() < end:
        time.sleep(0.05)
    assert task.began is not None
    task.began -= 601.0
    executor._end_overdue()
    record, _ = executor.next_done()
    assert record.failure is None


def test_candidate_over_time_limit_ends_and_next_succeeds(
    make: Callable[..., DaskExecutor],
) -> None:
    executor = make(4.0)
    endless = Protocol.of(changed(SMALL_RUN, epochs=100_000))
    first, second = genomes(2)
    executor.submit(Order(SPACE, first, endless))
    began = time.monotonic()
    record, _ = executor.next_done()
    assert (record.failure_kind, record.seconds) == ("timeout", 4.0)
    assert 4.0 <= time.monotonic() - began < PATIENCE_SECONDS
    executor._timeout = None  # the test machine may be slow
    executor.submit(Order(SPACE, second, PROTOCOL))
    found, weights = executor.next_done()
    expected = evaluate(SPACE, second, protocol=PROTOCOL)
    assert replace(found, seconds=0.0) == replace(expected[0], seconds=0.0)
    assert weights == expected[1]


def test_gpu_candidates_go_to_workers_with_gpu(
    make: Callable[..., DaskExecutor], address: str
) -> None:
    assert resources_of("cpu") == {}
    executor = make(device="cuda:0")
    with Client(address) as client:
        workers = client.scheduler_info(-1)["workers"]
    (owner,) = [name for name, worker in workers.items() if worker["resources"] == {"GPU": 1.0}]
    for genome in genomes(3):
        executor.submit(Order(SPACE, genome, PROTOCOL))
    seen = set()
    for _ in range(3):
        while not any(task.worker for task in executor._tasks.values()):
            time.sleep(0.01)
        seen |= {task.worker for task in executor._tasks.values() if task.worker}
        assert executor.next_done()[0].failure is None
    assert seen == {owner}


def test_worker_of_different_version_is_rejected(
    make: Callable[..., DaskExecutor], monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = make()
    mine = own_versions()
    monkeypatch.setattr(dask_executor, "own_versions", lambda: mine | {"torch": "1.0.0"})
    executor.submit(Order(SPACE, genomes(1)[0], PROTOCOL))
    with pytest.raises(ClusterError, match=r"torch 1\.0\.0.*found torch "):
        executor.next_done()


def test_compared_versions_are_those_of_this_process() -> None:
    assert own_versions() == {
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "evonas": version("evonas"),
        "torch": torch.__version__.split("+")[0],  # the same for a CPU and for a GPU
    }


def test_unreachable_scheduler_is_reported_with_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 1.0)
    place = parse_workers(f"dask://127.0.0.1:{free_port()}")
    executor = make_executor(2, place=place)
    with pytest.raises(ClusterError, match=r"no scheduler answers at tcp://127\.0\.0\.1:\d+"):
        executor.submit(Order(SPACE, genomes(1)[0], PROTOCOL))
    executor.close()


def test_packed_data_replace_data_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "_GIVEN", {})
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    give(packed(source_of("digits", here), name="digits", data_dir=elsewhere))
    assert source_of("digits", here) is known.DATASETS["digits"]
    assert source_of("digits", elsewhere) is not known.DATASETS["digits"]
    found, read = (load_search_data("digits", data_dir=d, seed=3) for d in (elsewhere, here))
    assert found.traits == read.traits
    assert torch.equal(found.train.pixels, read.train.pixels)
    assert torch.equal(found.validation.labels, read.validation.labels)
    tests = [load_test("digits", data_dir=folder).pixels for folder in (elsewhere, here)]
    assert torch.equal(*tests)


def test_local_cluster_matches_one_process(tmp_path: Path) -> None:
    options = [
        "--space", "nas-bench-201", "--objectives", "acc,params", "--rules", "fa,usf",
        "--population", "2", "--generations", "1", "--epochs", "1", "--images", "100",
        "--batch", "50", "--channels", "4", "--cells", "1", "--device", "cpu", "--quiet",
        "--replicates", "1", "--confirm", "0",
    ]  # fmt: skip
    rows = []
    for workers in ("1", "local:2"):
        folder = tmp_path / workers.replace(":", "-")
        ended = subprocess.run(
            [sys.executable, "-m", "evonas", "run", *options, "--workers", workers,
             "--out", str(folder)],
            capture_output=True, text=True, timeout=200,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        assert ended.stderr == ""
        lines = (folder / "candidates.csv").read_text().splitlines()
        seconds = lines[0].split(",").index("seconds")
        rows.append([[c for i, c in enumerate(r.split(",")) if i != seconds] for r in lines])
    assert rows[0] == rows[1]
