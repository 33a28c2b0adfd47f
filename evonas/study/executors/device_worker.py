"""The process that owns one device for a whole study: it receives orders and sends results.

Messages to it: ``(number, order, bytes_needed)``. Messages from it: those of
:mod:`evonas.study.executors.messages`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection

import torch

from evonas.evaluation.evaluate import at_half_batch, evaluating
from evonas.evaluation.memory import is_out_of_memory, release_memory
from evonas.evaluation.protocol import Stage
from evonas.evaluation.training.cooperative import Cooperative
from evonas.evaluation.training.device_stream import make_device_stream
from evonas.evaluation.training.devices import is_lost_device
from evonas.study.executors.device_sharing import DeviceSharing, Ticket
from evonas.study.executors.messages import Began, DeviceLost, Done, Waits, portable
from evonas.study.executors.order import Order, Result
from evonas.study.executors.parent_watch import begin_work

HEADROOM = 1.3  # actual over estimated memory: workspaces, fragmentation
USABLE_SHARE = 0.9  # of the memory that is free when the worker starts


@dataclass(frozen=True)
class WorkerSettings:
    """The configuration of a worker.

    Attributes:
        device: torch name of the device.
        slots: number of candidates in parallel.
        memory_limit_bytes: the memory that they may need together; None for what is free.
        headroom: see ``DeviceSharing``.
    """

    device: str
    slots: int
    memory_limit_bytes: int | None = None
    headroom: float = HEADROOM


def work(
    connection: Connection, lifeline: Connection, parent: int, settings: WorkerSettings
) -> None:
    """Process orders until there are no more; runs in its own process."""
    begin_work(lifeline, parent=parent)
    torch.set_num_threads(1)
    side = DeviceSharing(
        partial(make_device_stream, settings.device),
        slots=settings.slots,
        limit_bytes=settings.memory_limit_bytes or _free_bytes(settings.device),
        headroom=settings.headroom,
    )
    begun: set[int] = set()
    try:
        while True:
            # if idle, wait for an order; otherwise take those that have arrived
            while connection.poll(None if side.is_idle else 0):
                number, order, bytes_needed = connection.recv()
                side.add(_ticket(number, order, bytes_needed, device=settings.device))
            side.fill()
            for number in side.at_work - begun:
                connection.send(Began(number))
            begun = side.at_work
            shortages = side.num_shortages
            for number, result in side.round():
                connection.send(Done(number, result, side.slots))
                begun.remove(number)
            for number in begun - side.at_work:
                connection.send(Waits(number))
            begun = side.at_work
            if side.num_shortages > shortages:
                release_memory(settings.device)
    except (EOFError, OSError):
        return  # the parent is gone
    except Exception as problem:
        if is_lost_device(problem) and not is_out_of_memory(problem):
            lines = str(problem).splitlines() or [type(problem).__name__]
            connection.send(DeviceLost(lines[0]))
        else:
            connection.send(portable(problem))


def _ticket(number: int, order: Order, bytes_needed: int, *, device: str) -> Ticket:
    protocol = order.protocol.on(device)

    def at(stage: Stage) -> Callable[[], Cooperative[Result]]:
        return partial(
            evaluating, order.space, order.genome,
            protocol=protocol, stage=stage, variant=order.variant,
        )  # fmt: skip

    smaller = at_half_batch(protocol, order.stage)
    return Ticket(number, at(order.stage), bytes_needed, None if smaller is None else at(smaller))


def _free_bytes(device: str) -> int | None:
    """Memory that candidates may use on a GPU; a CPU's memory is not limited."""
    if torch.device(device).type != "cuda":
        return None
    free, _ = torch.cuda.mem_get_info(device)
    return int(USABLE_SHARE * free)
