"""Real signals to real runs: how soon they end, with which exit code, and what remains."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from evonas.study.results.reading import read_run
from tests.journals import count

pytestmark = pytest.mark.system

RUN = [
    "run", "--space", "nas-bench-201", "--objectives", "acc,params", "--rules", "fa,usf",
    "--population", "4", "--generations", "1", "--epochs", "2000", "--images", "100",
    "--batch", "50", "--channels", "4", "--cells", "1", "--device", "cpu",
]  # fmt: skip
PATIENCE_SECONDS = 60.0
AT_ONCE_SECONDS = 3.0
IN_ORDER_SECONDS = 15.0  # generous, for a busy machine
SLOW_END = """
import sys, time
from evonas.api import running
from evonas.cli import main
def forever(folder):
    print("ending", flush=True)
    time.sleep(600)
running.read_run = forever
main(sys.argv[1:])
"""


def begin(*arguments: str, ignoring: int | None = None) -> subprocess.Popen[str]:
    def listen() -> None:  # even if the shell of these tests ignores signals
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN if number == ignoring else signal.SIG_DFL)

    return subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=listen,
    )  # fmt: skip


def workers_of(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        is_child = int(text.rsplit(")", 1)[1].split()[1]) == pid
        # loky's resource tracker is a child, too
        if is_child and b"popen_loky" in stat.with_name("cmdline").read_bytes():
            found.append(int(stat.parent.name))
    return found


def is_gone(pid: int) -> bool:
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
            == "Z"
        )
    except FileNotFoundError:
        return True


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def workers_at_work(run: subprocess.Popen[str], folder: Path) -> list[int]:
    wait_until(lambda: (folder / "study.db").exists() and count(folder, "asked") == 4)
    wait_until(lambda: len(workers_of(run.pid)) >= 2)
    return workers_of(run.pid)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_signal_ends_run_with_stopped_worker_cleanly_in_seconds(
    tmp_path: Path, number: int, code: int
) -> None:
    folder = tmp_path / "run"
    with begin("-m", "evonas", *RUN, "--workers", "2", "--out", str(folder)) as run:
        workers = workers_at_work(run, folder)
        os.kill(workers[0], signal.SIGSTOP)
        began = time.monotonic()
        run.send_signal(number)
        out, err = run.communicate(timeout=PATIENCE_SECONDS)
    assert run.returncode == code
    assert time.monotonic() - began < IN_ORDER_SECONDS
    assert f"evonas resume {folder}" in out
    assert "Traceback" not in err
    assert all(map(is_gone, workers))
    assert (folder / "candidates.csv").exists()
    assert read_run(folder).evaluations == []


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [(signal.SIGINT, signal.SIGINT, 130), (signal.SIGINT, signal.SIGTERM, 143)],
)
def test_second_signal_kills_run_and_workers_at_once(
    tmp_path: Path, first: int, second: int, code: int
) -> None:
    folder = tmp_path / "run"
    with begin("-c", SLOW_END, *RUN, "--workers", "2", "--out", str(folder)) as run:
        workers = workers_at_work(run, folder)
        run.send_signal(first)
        assert run.stdout is not None
        while "ending" not in run.stdout.readline():
            assert run.poll() is None
        began = time.monotonic()
        run.send_signal(second)
        assert run.wait(PATIENCE_SECONDS) == code
        assert time.monotonic() - began < AT_ONCE_SECONDS
    wait_until(lambda: all(map(is_gone, workers)), 5.0)


def test_run_started_with_ignored_sighup_survives_it(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = ("-m", "evonas", *RUN, "--workers", "2", "--out", str(folder))
    with begin(*command, ignoring=signal.SIGHUP) as run:
        workers_at_work(run, folder)
        run.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        assert run.poll() is None
        run.send_signal(signal.SIGTERM)
        assert run.wait(PATIENCE_SECONDS) == 143


def test_timed_out_candidate_is_retried_only_with_retry_failed(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "run"
    short = [*RUN, "--population", "2", "--epochs", "1", "--quiet"]
    command = ("-m", "evonas", *short, "--timeout", "0.001", "--workers", "1")
    with begin(*command, "--out", str(folder)) as run:
        assert run.wait(PATIENCE_SECONDS) == 0
    kinds = [e.failure_kind for e in read_run(folder).evaluations]
    assert kinds == ["timeout", "timeout"]
    resume = ("-m", "evonas", "resume", str(folder), "--workers", "1", "--quiet")
    with begin(*resume) as run:
        assert run.wait(PATIENCE_SECONDS) == 0
    assert [e.failure_kind for e in read_run(folder).evaluations] == kinds
    with begin(*resume, "--retry-failed") as run:
        assert run.wait(PATIENCE_SECONDS) == 0
    assert [e.failure for e in read_run(folder).evaluations] == [None, None]
