"""Keep evaluating after oneDNN has run out of memory, on a thread where it still works.

oneDNN compiles each kernel when it is first needed. If the memory for that cannot be had, its
assembler (Xbyak) stores the error for the thread and never clears it: every kernel that the thread
asks for later fails too, however much memory is free by then. Kernels it already has go on
working, and so do other threads. Seen with torch 2.14.1 on x86.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from evonas.evaluation.training.cooperative import Cooperative, run_to_end

T = TypeVar("T")

FAILED_KERNEL = "could not create a primitive"
"""oneDNN's message, in lower case, when it cannot make a kernel."""

_thread = threading.local()


def note_failure(problem: BaseException) -> None:
    """Remember that this thread is unusable, if that is what the error means."""
    if FAILED_KERNEL in str(problem).lower():
        _thread.is_unusable = True


def run_on_usable_thread(begin: Callable[[], Cooperative[T]]) -> T:
    """Take all turns of some work: in this thread, or in a new one if oneDNN has failed here.

    Args:
        begin: begins the work.

    Returns:
        The result of the work. What it raises is raised here. If the wait for the other thread is
        interrupted, the work stops after its current turn.
    """
    if not getattr(_thread, "is_unusable", False):
        return run_to_end(begin())
    interrupted = threading.Event()
    result: Future[T] = Future()

    def run() -> None:
        try:
            result.set_result(run_to_end(_until(interrupted, begin())))
        except BaseException as problem:
            result.set_exception(problem)

    thread = threading.Thread(target=run, name="evaluation")
    try:
        thread.start()
        return result.result()
    finally:
        interrupted.set()
        if thread.is_alive():
            wait([result])


def _until(interrupted: threading.Event, work: Cooperative[T]) -> Cooperative[T]:
    """Take no further turn of the work once the event is set."""
    while not interrupted.is_set():
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result
        yield
    raise KeyboardInterrupt
