"""Candidates in a pool of processes with one thread each."""

from collections.abc import Callable
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import final

import torch

from evonas.evaluation.evaluate import evaluate_once
from evonas.evaluation.memory import is_out_of_memory
from evonas.study.executors.messages import Began, Done, portable
from evonas.study.executors.order import Order, Result
from evonas.study.executors.parent_watch import begin_work
from evonas.study.executors.process_executor import AbstractProcessExecutor
from evonas.study.executors.worker_process import Inbox, WorkerProcess

Evaluate = Callable[[Order], Result]


@final
class JoblibExecutor(AbstractProcessExecutor):
    """Loky processes (part of joblib), each with one candidate and one thread.

    Uses loky's processes but not its pools: a pool drops all pending work when one worker dies,
    and cannot kill a single one.

    Args:
        workers: number of processes.
        timeout_seconds: the seconds that a candidate may take; None for no limit.
    """

    tries_again_in_new_process = True

    def __init__(self, workers: int, *, timeout_seconds: float | None = None) -> None:
        inbox: Inbox = SimpleQueue()
        processes = [
            WorkerProcess(work, evaluate_order_once, name="cpu", slots=1, inbox=inbox)
            for _ in range(workers)
        ]
        super().__init__(processes, inbox, timeout_seconds=timeout_seconds)

    def _rank(self, order: Order) -> tuple[int, int]:  # noqa: ARG002
        return 0, 0  # first come, first served


def evaluate_order_once(order: Order) -> Result:
    """The result of one order, computed in the calling process, which may run out of memory."""
    return evaluate_once(
        order.space,
        order.genome,
        protocol=order.protocol,
        stage=order.stage,
        variant=order.variant,
    )


def work(connection: Connection, lifeline: Connection, parent: int, evaluate: Evaluate) -> None:
    """Take orders until there are no more; runs in a process of its own."""
    begin_work(lifeline, parent=parent)
    torch.set_num_threads(1)
    try:
        while True:
            number, order, _ = connection.recv()
            connection.send(Began(number))
            connection.send(Done(number, evaluate(order), slots=1))
    except (EOFError, OSError):
        return  # the parent has gone
    except Exception as problem:
        if not is_out_of_memory(problem):
            connection.send(portable(problem))
        # otherwise treat it as a dead worker
