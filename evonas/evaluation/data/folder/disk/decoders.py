"""Decode batches ahead of their use, in worker processes of torch's DataLoader or in threads.

Plans determine in advance which images a batch has and how each is cropped, so the result does not
depend on who decodes them, or when.
"""

import ctypes
import multiprocessing
import os
import signal
import sys
import warnings
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from evonas.errors import DataError
from evonas.evaluation.data.folder.disk.file_images import FileImages

AHEAD = 2  # batches that each worker decodes ahead
MAX_PROCESSES = 16
THREADS_OF_A_WORKER = 2  # threads of each of several processes that train on the CPU
MAX_GPU_THREADS = 8  # threads of the process that trains on a GPU; more would wait for the GIL
SHARED_MEMORY = Path("/dev/shm")
_PR_SET_PDEATHSIG = 1
_WORKER_DIED = "DataLoader worker (pid"

Array = np.ndarray[Any, Any]


@final
@dataclass(frozen=True)
class Decoders:
    """Number and kind of the workers that decode images.

    Attributes:
        processes: number of worker processes; 0 to use threads of the training process.
        threads: number of these threads.
        why: reason for using threads; empty for processes.
        start_method: start method of ``multiprocessing``; torch's default if None.
    """

    processes: int
    threads: int = 0
    why: str = ""
    start_method: str | None = None

    def __str__(self) -> str:
        if self.processes:
            return f"{self.processes} processes"
        return f"{self.threads} threads" + (f": {self.why}" if self.why else "")


def choose_decoders(batch_bytes: int, *, shared_memory: Path = SHARED_MEMORY) -> Decoders:
    """Choose one process per core, or threads if processes cannot be used here.

    Args:
        batch_bytes: bytes of a batch in shared memory.
        shared_memory: folder where shared memory is mounted.
    """
    cores = min(num_cores(), MAX_PROCESSES)
    if multiprocessing.current_process().daemon:
        return Decoders(
            0, _threads_of_a_worker(), "workers of a search cannot start further processes"
        )
    free = _free_bytes(shared_memory)
    needed = batch_bytes * (AHEAD * cores + 1)
    if free is not None and needed > free:
        return Decoders(
            0, cores,
            f"{shared_memory} has {free >> 20:,} MiB, and processes need {needed >> 20:,}",
        )  # fmt: skip
    return Decoders(cores)


def decoded_batches(
    files: FileImages, plans: Sequence[Array], *, padding: int, decoders: Decoders
) -> Generator[Tensor, None, None]:
    """Yield the batch of each plan, in order: uint8, (batch, height, width, channels), on the CPU.

    The workers end when the generator ends or is closed.

    Args:
        files: image files to decode.
        plans: int64, (1 or 4, batch) each; rows of
            :func:`evonas.evaluation.training.augment.plan_epoch`.
        padding: width in pixels of the black frame; rows and columns count from its corner.
        decoders: number and kind of the workers.

    Raises:
        DataError: a file has changed since it was checked, or a worker was killed.
    """
    processes = min(decoders.processes, len(plans))
    if processes:
        yield from _by_processes(
            files, plans, padding=padding, count=processes, start=decoders.start_method
        )
    else:
        yield from _by_threads(files, plans, padding=padding, count=max(1, decoders.threads))


@contextmanager
def killed_workers_as_data_errors() -> Iterator[None]:
    """Turn the error for a killed worker into a ``DataError`` that says what happened.

    torch raises a ``RuntimeError`` from a signal handler, so it may interrupt any code. If a batch
    is being received at that moment, the connection to the worker can break first.

    Raises:
        DataError: a worker was killed.
    """
    try:
        yield
    except (RuntimeError, ConnectionError, EOFError) as problem:
        if isinstance(problem, RuntimeError) and _WORKER_DIED not in str(problem):
            raise
        raise DataError(
            f"a process that decodes images was killed ({problem}); if memory was short, choose "
            "a smaller batch. Repeat the command to continue"
        ) from problem


def num_cores() -> int:
    """Number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _by_processes(
    files: FileImages, plans: Sequence[Array], *, padding: int, count: int, start: str | None
) -> Generator[Tensor, None, None]:
    from torch.utils.data import DataLoader

    loader: DataLoader[Tensor | str] = DataLoader(
        _Batches(files, padding),  # type: ignore[arg-type]  # an item is a batch
        sampler=plans,  # an index is a plan
        batch_size=None,
        num_workers=count,
        prefetch_factor=AHEAD,
        collate_fn=_unchanged,
        worker_init_fn=partial(_begin, parent=os.getpid()),
        multiprocessing_context=start,
        generator=torch.Generator(),  # leaves the global generator untouched
    )
    with killed_workers_as_data_errors():
        iterator = iter(loader)
        try:
            for batch in iterator:
                if isinstance(batch, str):
                    raise DataError(batch)
                yield batch
        finally:
            iterator._shutdown_workers()  # type: ignore[attr-defined]  # now, not when collected


def _by_threads(
    files: FileImages, plans: Sequence[Array], *, padding: int, count: int
) -> Generator[Tensor, None, None]:
    warnings.filterwarnings("ignore", module=r"PIL\.")  # about odd metadata
    pool = ThreadPoolExecutor(count, thread_name_prefix="decoder")
    ahead: deque[Future[Array]] = deque()
    try:
        for plan in plans:
            ahead.append(pool.submit(files.batch, plan, padding=padding))
            if len(ahead) > AHEAD * count:
                yield torch.from_numpy(ahead.popleft().result())
        while ahead:
            yield torch.from_numpy(ahead.popleft().result())
    finally:
        pool.shutdown(cancel_futures=True)


@final
class _Batches:
    """The data set of a worker process: maps a plan to its batch, or to an error message."""

    def __init__(self, files: FileImages, padding: int) -> None:
        self._files = files
        self._padding = padding

    def __getitem__(self, plan: Array) -> Tensor | str:
        try:
            return torch.from_numpy(self._files.batch(plan, padding=self._padding))
        except DataError as problem:  # if raised, the message would arrive inside a traceback
            return str(problem)


def _unchanged(item: Any) -> Any:
    return item


def _begin(_number: int, *, parent: int) -> None:
    """Initialise a worker: it leaves Ctrl-C to its parent and dies with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    if sys.platform == "linux":
        # otherwise a worker would outlive its parent by seconds, holding the inherited lock of
        # the run
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # the parent had already died
            os._exit(1)


def _threads_of_a_worker() -> int:
    """Threads per process, given that a search has one worker per core or one per GPU."""
    if not torch.cuda.is_initialized():
        return THREADS_OF_A_WORKER
    share = num_cores() // max(1, torch.cuda.device_count())
    return min(MAX_GPU_THREADS, max(THREADS_OF_A_WORKER, share))


def _free_bytes(folder: Path) -> int | None:
    try:
        status = os.statvfs(folder)
    except (OSError, AttributeError):  # not a Linux
        return None
    return status.f_bavail * status.f_frsize
