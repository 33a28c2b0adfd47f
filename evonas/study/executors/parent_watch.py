"""Ensure that a worker never outlives its parent, however that ends."""

import ctypes
import os
import signal
import sys
import threading
from multiprocessing.connection import Connection

CHECK_SECONDS = 1.0
PR_SET_PDEATHSIG = 1  # option of Linux's prctl


def begin_work(lifeline: Connection, *, parent: int) -> None:
    """Runs first in a worker: ignore Ctrl-C, which the parent handles, and end with the parent.

    Args:
        lifeline: a connection whose other end only the parent holds, and never writes to.
        parent: its process id.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if sys.platform == "linux":
        # the kernel's watch also ends workers that are stopped or hang in native code
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_watch, args=(lifeline, parent), daemon=True).start()


def _watch(lifeline: Connection, parent: int) -> None:
    try:
        # readable means closed; a changed parent id means that the parent is gone
        while os.getppid() == parent and not lifeline.poll(CHECK_SECONDS):
            pass
    except OSError:
        pass
    os._exit(1)
