"""Candidates on GPUs: one long-lived process for each, several candidates at once in each."""

from collections.abc import Sequence
from queue import SimpleQueue
from typing import final

from evonas.evaluation.data.loading import traits_of
from evonas.evaluation.training.forecast import forecast
from evonas.study.executors.device_worker import WorkerSettings, work
from evonas.study.executors.order import Order
from evonas.study.executors.process_executor import AbstractProcessExecutor
from evonas.study.executors.worker_process import Inbox, WorkerProcess

SLOTS = 6  # on each device; by the roofline 4 to 8 suffice, not measured


@final
class DeviceExecutor(AbstractProcessExecutor):
    """A process for each device; the candidates that will take longest begin first.

    Args:
        devices: as torch writes them; ``cpu`` works as well, to try it.
        slots: candidates at once on each.
        memory_limit_bytes: the memory that the candidates of a device may need together; None for
            what is free on it.
        headroom: what a candidate may need, as a multiple of what is expected.
        timeout_seconds: the seconds that a candidate may take, the turns of those beside it
            included; None for no limit.
    """

    name = "device"

    def __init__(
        self,
        devices: Sequence[str],
        *,
        slots: int = SLOTS,
        memory_limit_bytes: int | None = None,
        headroom: float | None = None,
        timeout_seconds: float | None = None,
    ) -> None:
        more = {} if headroom is None else {"headroom": headroom}
        inbox: Inbox = SimpleQueue()
        workers = [
            WorkerProcess(
                work, WorkerSettings(device, slots, memory_limit_bytes, **more),
                name=device, slots=slots, inbox=inbox,
            )
            for device in devices
        ]  # fmt: skip
        super().__init__(workers, inbox, timeout_seconds=timeout_seconds)

    def _rank(self, order: Order) -> tuple[int, int]:
        protocol = order.protocol
        expected = forecast(
            order.space,
            order.genome,
            traits=traits_of(
                protocol.training.dataset, data_dir=protocol.data_dir, fitting=protocol.fitting
            ),
            batch=order.stage.batch or protocol.recipe.batch,
            variant=order.variant,
        )
        return -expected.multiply_adds, expected.peak_bytes
