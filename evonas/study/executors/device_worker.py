"""The process that owns one device for the length of a study; it is told orders and tells results.

Messages to it: ``(number, order, bytes_needed)``, and None to end. Messages from it: ``Done`` or
the exception of a mistake of ours, which ends it.
"""

import gc
import pickle
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection

import torch

from evonas.evaluation.evaluate import evaluating
from evonas.evaluation.training.cooperative import Cooperative
from evonas.evaluation.training.device_stream import make_device_stream
from evonas.study.executors.device_sharing import DeviceSharing, Ticket
from evonas.study.executors.order import Order, Result

HEADROOM = 1.3  # workspaces, fragments: what an expected byte may become
USABLE_SHARE = 0.9  # of the memory that is free when the worker begins


@dataclass(frozen=True)
class WorkerSettings:
    """What a worker is started with.

    Attributes:
        device: as torch writes it.
        slots: candidates at once.
        memory_limit_bytes: that they may need together; None for what is free.
        headroom: see ``DeviceSharing``.
    """

    device: str
    slots: int
    memory_limit_bytes: int | None = None
    headroom: float = HEADROOM


@dataclass(frozen=True)
class Done:
    """A result.

    Attributes:
        number: of the order.
        result: record and weights.
        slots: of the worker from now on.
    """

    number: int
    result: Result
    slots: int


def work(connection: Connection, settings: WorkerSettings) -> None:
    """Take orders until there are no more; runs in a process of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    torch.set_num_threads(1)
    side = DeviceSharing(
        partial(make_device_stream, settings.device),
        slots=settings.slots,
        limit_bytes=settings.memory_limit_bytes or _free_bytes(settings.device),
        headroom=settings.headroom,
    )
    try:
        while True:
            # with nothing to do, wait for an order; else take what has come
            while connection.poll(None if side.is_idle else 0):
                message = connection.recv()
                if message is None:
                    return
                number, order, bytes_needed = message
                begin = _beginning(order, settings.device)
                side.add(Ticket(number, begin, bytes_needed))
            slots = side.slots
            for number, result in side.round():
                connection.send(Done(number, result, side.slots))
            if side.slots < slots:
                _give_memory_back(settings.device)
    except (EOFError, BrokenPipeError):
        return  # the parent has gone
    except Exception as problem:
        connection.send(_portable(problem))


def _beginning(order: Order, device: str) -> Callable[[], Cooperative[Result]]:
    protocol = order.protocol.on(device)
    return partial(
        evaluating,
        order.space,
        order.genome,
        protocol=protocol,
        stage=order.stage,
        variant=order.variant,
    )


def _free_bytes(device: str) -> int | None:
    """What candidates may take of a GPU; a CPU's memory is not counted."""
    if torch.device(device).type != "cuda":
        return None
    # fixed algorithms: a candidate that is trained again, for its weights, must come out the same
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    free, _ = torch.cuda.mem_get_info(device)
    return int(USABLE_SHARE * free)


def _give_memory_back(device: str) -> None:
    """What a candidate that did not fit had reserved would else be kept for its like."""
    gc.collect()
    if torch.device(device).type == "cuda":
        torch.cuda.empty_cache()


def _portable(problem: Exception) -> Exception:
    """The exception, or its text when it cannot travel between processes."""
    try:
        pickle.loads(pickle.dumps(problem))
    except Exception:
        return RuntimeError(f"{type(problem).__name__}: {problem}")
    return problem
