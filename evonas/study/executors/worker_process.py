"""One long-lived worker process as its parent sees it.

Whatever state the process is in, also stopped or hanging, the parent never waits for it: threads
read from it and write to it, and only ``inbox`` is waited for.
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
END_SECONDS = 5.0  # that a killed process may take to be gone; the system frees its memory first

Work = Callable[[Connection, Connection, int, Any], None]
"""Runs in the process, with its connection, its lifeline, the parent's id and its settings."""


@final
class WorkerProcess:
    """A process that is started with its first order, and again when it has ended.

    Args:
        work: what it runs.
        settings: for it.
        name: for messages.
        slots: orders that it may have at once.
        inbox: gets ``(worker, incarnation, message)`` for each message, which is None at the end.

    Attributes:
        name: the same.
        slots: as they are now.
        orders: numbers of those that it has; when it began with each, None before that.
        incarnation: counts its starts; what an earlier one said is nobody's any more.
        heard: when it last said something, or was given an order, by the monotonic clock.
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
        """Send it an order; it is started if it does not run."""
        if self.process is None:
            self._start()
        self.orders[number] = None
        self.heard = time.monotonic()
        self._outbox.put(message)

    def stop(self, *, patience_seconds: float = 0.0) -> int | None:
        """End it: asked first, if there is patience, then killed.

        Returns:
            Its exit code, as far as it is known.
        """
        process, self.process = self.process, None
        self.orders = {}
        if process is None:
            return None
        if patience_seconds:
            _send_signal(process, signal.SIGTERM)
            process.join(patience_seconds)
        if process.exitcode is None:
            _send_signal(process, signal.SIGKILL)
            process.join(END_SECONDS)
        self._outbox.put(None)
        for connection in self._held:
            connection.close()
        return process.exitcode

    def _start(self) -> None:
        # loky's are new interpreters, as CUDA needs them, and do not run the user's script again
        context = get_context("loky")
        mine, theirs = context.Pipe()
        lifeline, kept = context.Pipe(duplex=False)
        self.process = context.Process(
            target=self._work, args=(theirs, lifeline, os.getpid(), self._settings),
            daemon=True, name=self.name, env=ONE_THREAD,
        )  # fmt: skip
        self.process.start()
        theirs.close()  # so that its end is the end of the connection
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
            except Exception:  # the end; or what came cannot be read, which is as good as the end
                message = None
            self._inbox.put((self, incarnation, message))


Inbox = SimpleQueue[tuple[WorkerProcess, int, object]]


def _write(connection: Connection, outbox: SimpleQueue[object]) -> None:
    while (message := outbox.get()) is not None:
        try:
            connection.send(message)
        except OSError:
            return  # it has ended, and whoever reads from it is told


def _send_signal(process: BaseProcess, number: int) -> None:
    try:
        os.kill(process.pid or 0, number)
    except ProcessLookupError:
        return
