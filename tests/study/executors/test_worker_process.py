"""The parent's side of a worker; the oracle is which signals it sends, and how long it waits."""

import os
import signal
from queue import SimpleQueue

import pytest
from joblib.externals.loky.backend.process import LokyProcess

from evonas.study.executors.worker_process import WorkerProcess

PID = 2**22 + 1  # more than Linux gives to any process


class Stuck:
    """A process that no signal ends, as one that waits for a lost disk or for its driver."""

    pid = PID
    exitcode = None

    def __init__(self) -> None:
        self.waits: list[float | None] = []

    def join(self, timeout: float | None = None) -> None:
        self.waits.append(timeout)


@pytest.fixture
def signals(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The signals that are sent, by process; none arrives."""
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))
    return sent


@pytest.fixture
def worker() -> WorkerProcess:
    return WorkerProcess(print, None, name="cpu", slots=1, inbox=SimpleQueue())


@pytest.mark.parametrize("patience", [0.0, 1.5])
def test_process_that_no_signal_ends_is_given_up(
    worker: WorkerProcess, signals: list[tuple[int, int]], patience: float
) -> None:
    stuck = Stuck()
    worker.process = stuck  # type: ignore[assignment]
    worker.orders = {1: None}
    assert worker.stop(patience_seconds=patience) is None
    polite = [(PID, signal.SIGTERM)] if patience else []
    assert signals == [*polite, (PID, signal.SIGKILL)]
    *first, last = stuck.waits
    assert first == [patience] * bool(patience)
    assert last is not None
    assert 1.0 <= last <= 60.0
    assert (worker.process, worker.orders) == (None, {})
    assert worker.stop() is None  # there is nothing left to stop
    assert len(stuck.waits) == len(first) + 1


def test_process_that_ends_when_asked_is_not_killed(
    worker: WorkerProcess, signals: list[tuple[int, int]]
) -> None:
    class Polite(Stuck):
        def join(self, timeout: float | None = None) -> None:
            super().join(timeout)
            self.exitcode = -15  # type: ignore[assignment]

    worker.process = Polite()  # type: ignore[assignment]
    assert worker.stop(patience_seconds=1.5) == -15
    assert signals == [(PID, signal.SIGTERM)]


@pytest.mark.parametrize("patience", [0.0, 1.5])
def test_stopping_after_a_failed_start_signals_nobody(
    worker: WorkerProcess,
    signals: list[tuple[int, int]],
    monkeypatch: pytest.MonkeyPatch,
    patience: float,
) -> None:
    """A signal to "process 0" would end this process, and all that its shell started with it."""

    def fail(_: object) -> None:
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(LokyProcess, "start", fail)
    with pytest.raises(BlockingIOError):
        worker.give(1, "order")
    assert worker.stop(patience_seconds=patience) is None
    assert signals == []
    with pytest.raises(BlockingIOError):  # the next order tries again
        worker.give(2, "order")
