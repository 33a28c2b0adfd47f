"""One long-lived worker process, from its parent's side.

The parent never waits for the process itself, even if that is stopped or hangs: threads read from
it and write to it, and the parent waits only for ``inbox``.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import SimpleQueue
from typing import Any, final

from joblib.externals.loky.backend.context import get_context

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
END_SECONDS = 5.0  # time for a killed process to disappear; the system frees its memory first

Work = Callable[[Connection, Connection, int, Any], None]
"""Entry point of the process: connection, lifeline, parent's id and settings."""


@final
class WorkerProcess:
    """A process that starts with its first order, and restarts after it has ended.

    Args:
        work: function that it runs.
        settings: settings for it.
        name: name for messages.
        slots: maximum number of orders at a time.
        inbox: receives ``(worker, incarnation, message)``; the message is None at the end.

    Attributes:
        name: name for messages.
        slots: as they are now.
        orders: start time of each of its orders by number; None before the start.
        incarnation: counts its starts; messages from earlier ones are ignored.
        heard: time of the last message or order, by the monotonic clock.
    """

    def __init__(
        self, work: Work, settings: object, *, name: str, slots: int, inbox: "Inbox"
    ) -> None:
        self._work = work
        self._settings = settings
        self._inbox = inbox
        self.name = name
        self.slots = slots
        self.orders: dict[int, float | None] = {}
        self.incarnation = 0
        self.heard = 0.0
        self.process: BaseProcess | None = None
        self._outbox: SimpleQueue[object] = SimpleQueue()
        self._held: list[Connection] = []

    def give(self, number: int, message: object) -> None:
        """Send it an order; starts the process if necessary."""
        if self.process is None:
            self._start()
        self.orders[number] = None
        self.heard = time.monotonic()
        self._outbox.put(message)

    def stop(self, *, patience_seconds: float = 0.0) -> int | None:
        """End it: terminate first, if there is patience, then kill.

        Returns:
            Its exit code, if known.
        """
        process, self.process = self.process, None
        self.orders = {}
        if process is None or process.pid is None:  # None if its start failed
            return None
        if patience_seconds:
            _send_signal(process.pid, signal.SIGTERM)
            process.join(patience_seconds)
        if process.exitcode is None:
            _send_signal(process.pid, signal.SIGKILL)
            process.join(END_SECONDS)
        self._outbox.put(None)
        for connection in self._held:
            connection.close()
        return process.exitcode

    def _start(self) -> None:
        # loky starts fresh interpreters, as CUDA requires, without rerunning the user's script
        context = get_context("loky")
        mine, theirs = context.Pipe()
        lifeline, kept = context.Pipe(duplex=False)
        self.process = context.Process(
            target=self._work, args=(theirs, lifeline, os.getpid(), self._settings),
            daemon=True, name=self.name, env=ONE_THREAD,
        )  # fmt: skip
        self.process.start()
        theirs.close()  # so that the connection closes when it ends
        lifeline.close()
        self.incarnation += 1
        self._outbox = SimpleQueue()
        self._held = [kept]
        for target, more in ((_write, self._outbox), (self._read, self.incarnation)):
            threading.Thread(target=target, args=(mine, more), daemon=True).start()

    def _read(self, connection: Connection, incarnation: int) -> None:
        message: object = self
        while message is not None:
            try:
                message = connection.recv()
            except Exception:  # the end, or an unreadable message, which is treated as the end
                message = None
            self._inbox.put((self, incarnation, message))


Inbox = SimpleQueue[tuple[WorkerProcess, int, object]]


def _write(connection: Connection, outbox: SimpleQueue[object]) -> None:
    while (message := outbox.get()) is not None:
        try:
            connection.send(message)
        except OSError:
            return  # it has ended; its reader thread reports that


def _send_signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
