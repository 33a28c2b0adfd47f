"""A Dask scheduler and workers on the loopback interface, as processes that can be killed."""

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
    """A Dask cluster whose processes are independent of the test process.

    Args:
        folder: folder for files of the workers.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._processes: list[subprocess.Popen[bytes]] = []
        self.address = f"tcp://127.0.0.1:{self._port}"

    def start(self, *options: tuple[str, ...]) -> None:
        """Start a scheduler, always at the same address, and a worker for each set of options."""
        self._start("scheduler", "--port", str(self._port))
        for option in options:
            self._start(
                "worker", self.address, "--nthreads", "1", "--local-directory", str(self._folder),
                *option,
            )  # fmt: skip

    def kill_scheduler(self) -> None:
        """Kill the scheduler by SIGKILL, which no process can handle."""
        self._processes[0].kill()

    def close(self) -> None:
        """Terminate all processes, including workers whose scheduler was killed."""
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
    """A port on which no process listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds; fails after a time limit."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def kill(process: int) -> None:
    """Kill a process by SIGKILL, which it cannot handle."""
    os.kill(process, signal.SIGKILL)
