"""The companion processes of the calling one, when several share each batch.

The calling process owns the folder, the progress bar, validation and test; its companions only
train their parts. They start with the first unfinished seed, join a process group of torch
(``gloo`` on CPUs, ``nccl`` with one GPU each), and end with it.
"""

import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, final

import torch
import torch.distributed as dist

from evonas.errors import ClusterError, ConfigError, EvonasError, TrainingDiverged
from evonas.evaluation.final.data import FinalData
from evonas.study.final.job import FinalJob
from evonas.study.final.prepared import (
    load_job_data,
    prepared_network,
    prepared_training,
    threads_for,
)

PATIENCE = timedelta(hours=2)
"""Time limit for one process to wait for the others, during validation or loading of images."""

Order = tuple[int, bytes]
"""A seed, and the checkpoint to continue from; empty to start."""


@final
class Companions:
    """The companions of one call.

    Args:
        job: what is trained.
        data_dir: folder of the images.
        device: ``cpu``, or ``cuda`` for one GPU each.
    """

    def __init__(self, job: FinalJob, *, data_dir: Path, device: str) -> None:
        self._job = job
        self._data_dir = data_dir
        self._device = device
        self._processes: list[BaseProcess] = []

    def begin(self, seed: int, checkpoint: bytes) -> None:
        """Start a seed in all processes."""
        if self._job.processes == 1:
            return
        if not self._processes:
            self._start()
        order: list[Any] = [(seed, checkpoint)]
        dist.broadcast_object_list(order, src=0)

    def end(self) -> None:
        """End all processes."""
        for each in self._processes:
            each.terminate()
            each.join()
        if self._processes and dist.is_initialized():  # not if one of them could not begin
            dist.destroy_process_group()
        self._processes = []

    def lost(self) -> str | None:
        """Report on a process that ended prematurely; None if all are running."""
        for number, each in enumerate(self._processes, start=1):
            each.join(1.0)  # it may end shortly after its connection
            if each.exitcode is not None:
                return f"process {number} ended with code {each.exitcode}"
        return None

    def _start(self) -> None:
        count, context = self._job.processes, get_context("spawn")
        with tempfile.TemporaryDirectory(prefix="evonas-") as folder:
            arguments = self._job, str(self._data_dir), self._device, folder
            begun = []
            for number in range(1, count):
                ours, theirs = context.Pipe(duplex=False)
                process = context.Process(
                    target=_follow, args=(number, *arguments, theirs), daemon=True
                )
                process.start()
                theirs.close()  # only the companion holds it now, so its end ends the pipe
                self._processes.append(process)
                begun.append(ours)
            for each in begun:
                self._wait_for(each)
            _join_group(0, count, self._device, folder)
            dist.barrier()  # all processes have read the folder

    def _wait_for(self, begun: Connection) -> None:
        """Wait until a companion has begun: the group would wait for a lost one for hours."""
        try:
            begun.recv()
        except EOFError as problem:
            raise ClusterError(
                f"{self.lost()} before it had begun; a script that calls evonas.train with "
                'processes needs `if __name__ == "__main__":`'
            ) from problem


@contextmanager
def companions(job: FinalJob, *, data_dir: Path, device: str) -> Iterator[Companions]:
    """The companions of a call, which end with the block.

    Raises:
        ConfigError: there are fewer GPUs than processes.
        ClusterError: a companion was lost.
    """
    has_gpus = device == "cuda" and torch.cuda.device_count() >= job.processes
    if job.processes > 1 and device != "cpu" and not has_gpus:
        raise ConfigError(
            "processes: each needs its own GPU, starting with cuda:0; expected device cuda and "
            f"{job.processes} GPUs, got {device} and {torch.cuda.device_count()}"
        )
    found = Companions(job, data_dir=data_dir, device=device)
    threads = torch.get_num_threads()
    if job.processes > 1:
        torch.set_num_threads(max(1, threads // job.processes))
    try:
        yield found
    except RuntimeError as problem:  # torch's error for a closed connection
        if (lost := found.lost()) is None:
            raise
        raise ClusterError(
            f"{lost}; the same command continues from the last checkpoint"
        ) from problem
    finally:
        found.end()
        torch.set_num_threads(threads)


def device_of(device: str, number: int) -> str:
    """Of a process."""
    return device if device == "cpu" or number == 0 else f"cuda:{number}"


def _join_group(number: int, count: int, device: str, folder: str) -> None:
    if device != "cpu":
        torch.cuda.set_device(number)
    dist.init_process_group(
        "gloo" if device == "cpu" else "nccl",
        init_method=f"file://{folder}/group",
        rank=number,
        world_size=count,
        timeout=PATIENCE,
    )


def _follow(
    number: int, job: FinalJob, data_dir: str, device: str, folder: str, begun: Connection
) -> None:
    """A companion: trains what it is sent until told to end."""
    # the terminal's Ctrl-C; the caller ends the companion
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    begun.send(None)
    begun.close()
    torch.set_num_threads(max(1, torch.get_num_threads() // job.processes))
    try:
        _join_group(number, job.processes, device, folder)
        dist.barrier()
        data = replace(
            load_job_data(job, data_dir=Path(data_dir), device=device_of(device, number)),
            validation=None,
        )
        while True:
            order: list[Any] = [None]
            dist.broadcast_object_list(order, src=0)
            _train(order[0], job, data, number)
    except TrainingDiverged:
        return  # the caller has the same losses and says so
    except (EvonasError, RuntimeError) as problem:
        caller = parent_process()
        if caller is None or caller.is_alive():  # else its connection was closed: nobody waits
            sys.exit(f"evonas: process {number}: {problem}")


def _train(order: Order, job: FinalJob, data: FinalData, number: int) -> None:
    seed, checkpoint = order
    network = prepared_network(job, data, seed=seed)
    training = prepared_training(network, job, data, seed=seed, number=number)
    if checkpoint:
        training.restore(checkpoint)
    with threads_for(network, job, data):
        training.run(lambda: None)
