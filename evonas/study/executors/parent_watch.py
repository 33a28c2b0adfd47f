"""A worker that does not outlive its parent, however that ends."""

import ctypes
import os
import signal
import sys
import threading
from multiprocessing.connection import Connection

CHECK_SECONDS = 1.0
PR_SET_PDEATHSIG = 1  # of Linux's prctl


def begin_work(lifeline: Connection, *, parent: int) -> None:
    """Runs first in a worker: Ctrl-C is its parent's to answer, and it ends with its parent.

    Args:
        lifeline: whose other end the parent alone has, and never writes to.
        parent: its process id.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if sys.platform == "linux":
        # the kernel's own watch also ends a worker that is stopped, or hangs in native code
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_watch, args=(lifeline, parent), daemon=True).start()


def _watch(lifeline: Connection, parent: int) -> None:
    try:
        # readable means closed; who has adopted us is not the parent we began with
        while os.getppid() == parent and not lifeline.poll(CHECK_SECONDS):
            pass
    except OSError:
        pass
    os._exit(1)
