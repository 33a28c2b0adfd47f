"""A real scheduler is killed, at each moment at which a run needs it; the run can go on after."""

import csv
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journals import count
from tests.study.executors.loopback import PATIENCE_SECONDS, Loopback, wait_until

pytestmark = pytest.mark.system

RUN = (
    "run", "--space", "nas-bench-201", "--objectives", "acc,params", "--rules", "fa,usf",
    "--population", "3", "--generations", "2", "--epochs", "8", "--images", "100",
    "--batch", "50", "--channels", "4", "--cells", "1", "--device", "cpu", "--quiet",
    "--replicates", "1", "--confirm", "4",
)  # fmt: skip
SECONDS = 15.0  # on a machine that does much else; a connection that is tried again takes 30


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Loopback]:
    made = Loopback(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing disturbed."""
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
    """All that a run wrote for others to read, but for what a clock said."""
    return {
        path.name: [
            {name: value for name, value in row.items() if "seconds" not in name}
            for row in csv.DictReader(path.read_text().splitlines())
        ]
        for path in sorted(folder.glob("*.csv"))
    }


@pytest.mark.parametrize("moment", ["search", "confirmation"])
def test_a_run_whose_scheduler_is_killed_ends_at_once_and_goes_on_with_a_new_one(
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
    assert err.startswith(f"evonas: workers: the scheduler at {cluster.address} has gone; ")
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
