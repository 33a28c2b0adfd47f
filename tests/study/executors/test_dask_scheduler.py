"""A real scheduler is killed whenever a run needs it; the run can be resumed."""

import csv
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evonas.errors import ClusterError
from evonas.evaluation.evaluate import evaluate
from evonas.evaluation.protocol import Protocol
from evonas.space import load
from evonas.study.executors.dask.connection import Connection
from evonas.study.executors.dask.executor import DaskExecutor
from evonas.study.executors.order import Order
from evonas.study.shape import shaped_space
from tests.journals import count
from tests.small_run import SMALL_RUN
from tests.study.executors.loopback import PATIENCE_SECONDS, Loopback, wait_until

pytestmark = pytest.mark.system

RUN = (
    "run", "--space", "nas-bench-201", "--objectives", "acc,params", "--rules", "fa,usf",
    "--population", "3", "--generations", "2", "--epochs", "8", "--images", "100",
    "--batch", "50", "--channels", "4", "--cells", "1", "--device", "cpu", "--quiet",
    "--replicates", "1", "--confirm", "4",
)  # fmt: skip
SECONDS = 100.0  # ample, also on a busy machine
SPACE = shaped_space(load("nas-bench-201"), SMALL_RUN)
PROTOCOL = Protocol.of(SMALL_RUN)
GENOME = SPACE.canonical(SPACE.sample(random.Random(1)))
GONE = r"the scheduler at tcp://127\.0\.0\.1:\d+ is gone; .* continue with: evonas resume"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Loopback]:
    made = Loopback(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An undisturbed run."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    with evonas(*RUN, "--workers", "1", "--out", str(folder)) as run:
        assert run.wait(PATIENCE_SECONDS) == 0
    return folder


def evonas(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "evonas", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def tables(folder: Path) -> dict[str, list[dict[str, str]]]:
    """The tables of a run, without seconds."""
    return {
        path.name: [
            {name: value for name, value in row.items() if "seconds" not in name}
            for row in csv.DictReader(path.read_text().splitlines())
        ]
        for path in sorted(folder.glob("*.csv"))
    }


@pytest.mark.parametrize("moment", ["search", "confirmation"])
def test_killed_scheduler_ends_run_which_resumes_with_new_one(
    cluster: Loopback, whole: Path, tmp_path: Path, moment: str
) -> None:
    folder = tmp_path / "run"
    workers = ("--workers", cluster.address.replace("tcp", "dask"))
    cluster.start((), ())
    kind, least = ("told", 2) if moment == "search" else ("confirmed", 1)
    with evonas(*RUN, *workers, "--out", str(folder)) as run:
        wait_until(lambda: count(folder, kind) >= least or run.poll() is not None)
        cluster.kill_scheduler()
        began = time.monotonic()
        _, err = run.communicate(timeout=PATIENCE_SECONDS)
        assert time.monotonic() - began < SECONDS
    assert (run.returncode, len(err.splitlines())) == (3, 1), err
    assert err.startswith(f"evonas: workers: the scheduler at {cluster.address} is gone; ")
    assert "evonas resume" in err
    acknowledged = count(folder, kind)
    cluster.close()
    cluster.start((), ())
    with evonas("resume", str(folder), "--quiet", *workers) as run:
        _, err = run.communicate(timeout=PATIENCE_SECONDS)
    assert (run.returncode, err) == (0, "")
    assert tables(folder) == tables(whole)
    assert count(folder, "told") == count(whole, "told")
    assert count(folder, kind) > acknowledged >= least


@pytest.fixture
def executor(cluster: Loopback) -> Iterator[DaskExecutor]:
    """Executor on a cluster with one worker, which already has the data."""
    cluster.start(())
    made = DaskExecutor(cluster.address, workers=4)
    made.submit(Order(SPACE, GENOME, PROTOCOL))
    assert made.next_done()[0].failure is None
    yield made
    made.close()


def killed_before(method: Callable[..., Any], cluster: Loopback) -> Callable[..., Any]:
    def kill(*args: Any, **named: Any) -> Any:
        cluster.kill_scheduler()
        return method(*args, **named)

    return kill


def is_finished(executor: DaskExecutor) -> bool:
    (task,) = executor._tasks.values()
    return bool(task.future.status == "finished")


def test_lost_scheduler_is_reported_by_each_call_and_executor_closes(
    executor: DaskExecutor, cluster: Loopback
) -> None:
    executor.submit(Order(SPACE, GENOME, PROTOCOL))
    wait_until(lambda: is_finished(executor))
    cluster.kill_scheduler()
    began = time.monotonic()
    with pytest.raises(ClusterError, match=GONE):
        executor.next_done()  # after the result is ready, before it is fetched
    with pytest.raises(ClusterError, match=GONE):
        executor.submit(Order(SPACE, GENOME, PROTOCOL))
    with pytest.raises(ClusterError, match=GONE):
        _ = executor.capacity
    executor.close()
    assert time.monotonic() - began < SECONDS


@pytest.mark.parametrize("contact", ["num_workers", "submit", "scattered", "result"])
def test_scheduler_lost_during_call_is_reported(
    executor: DaskExecutor,
    cluster: Loopback,
    monkeypatch: pytest.MonkeyPatch,
    contact: str,
) -> None:
    began = time.monotonic()
    executor._data = None
    alive: Any = vars(Connection)[contact]
    killing: Any = killed_before(getattr(alive, "fget", alive), cluster)
    patched = property(killing) if contact == "num_workers" else killing
    monkeypatch.setattr(Connection, contact, patched)
    with pytest.raises(ClusterError, match=GONE):
        list(executor.run(SPACE, [GENOME], protocol=PROTOCOL))
    executor.close()
    assert time.monotonic() - began < SECONDS


def test_dropped_connection_loses_no_result(executor: DaskExecutor) -> None:
    connection = executor._connected()
    executor.submit(Order(SPACE, GENOME, PROTOCOL))
    stream = connection._client.scheduler_comm.comm
    connection._client.loop.add_callback(stream.abort)
    found, weights = executor.next_done()
    expected = evaluate(SPACE, GENOME, protocol=PROTOCOL)
    assert replace(found, seconds=0.0) == replace(expected[0], seconds=0.0)
    assert weights == expected[1]


def test_task_error_is_not_reported_as_lost_scheduler(
    executor: DaskExecutor,
) -> None:
    connection = executor._connected()
    future = connection.submit(open, "/nowhere/at/all", pure=False)
    wait_until(lambda: future.status == "error")
    with pytest.raises(FileNotFoundError):
        connection.result(future)
    assert executor.capacity == 1
