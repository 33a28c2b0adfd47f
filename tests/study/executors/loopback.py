"""A scheduler and its workers on loopback, each a process of its own that can be killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE_SECONDS = 300.0


class Loopback:
    """A Dask cluster; what becomes of its processes is no business of the test's own process.

    Args:
        folder: for what the workers write.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._processes: list[subprocess.Popen[bytes]] = []
        self.address = f"tcp://127.0.0.1:{self._port}"

    def start(self, *options: tuple[str, ...]) -> None:
        """A scheduler, at the same address each time, and a worker for each of these options."""
        self._start("scheduler", "--port", str(self._port))
        for option in options:
            self._start(
                "worker", self.address, "--nthreads", "1", "--local-directory", str(self._folder),
                *option,
            )  # fmt: skip

    def kill_scheduler(self) -> None:
        """By a signal that no process hears of."""
        self._processes[0].kill()

    def close(self) -> None:
        """End all, which a scheduler that was killed leaves its workers to do by themselves."""
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            process.wait(PATIENCE_SECONDS)
        self._processes.clear()

    def _start(self, *command: str) -> None:
        shared = ("--host", "127.0.0.1", "--no-dashboard")
        self._processes.append(
            subprocess.Popen(
                [sys.executable, "-m", "dask", *command, *shared],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=Path.cwd(),
            )
        )  # fmt: skip


def free_port() -> int:
    """One that nobody listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_until(condition: Callable[[], bool]) -> None:
    """Until it holds; fails when that takes too long."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def kill(process: int) -> None:
    """The process with this number, by a signal that it does not hear of."""
    os.kill(process, signal.SIGKILL)
