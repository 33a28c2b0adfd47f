"""Candidates on GPUs: one long-lived process per GPU, each running several candidates."""

from collections.abc import Sequence
from queue import SimpleQueue
from typing import final

from evonas.evaluation.data.loading import traits_of
from evonas.evaluation.training.forecast import forecast
from evonas.study.executors.device_worker import WorkerSettings, work
from evonas.study.executors.order import Order
from evonas.study.executors.process_executor import AbstractProcessExecutor
from evonas.study.executors.worker_process import Inbox, WorkerProcess

SLOTS = 6  # per device; the roofline model suggests 4 to 8, not measured


@final
class DeviceExecutor(AbstractProcessExecutor):
    """One process per device; the longest candidates start first.

    Args:
        devices: torch names; ``cpu`` works as well, for tests.
        slots: number of candidates in parallel on each.
        memory_limit_bytes: the memory that the candidates of a device may need together; None for
            what is free on it.
        headroom: memory that a candidate may need, as a multiple of the estimate.
        timeout_seconds: the seconds that a candidate may take, including the turns of candidates
            that share its device; None for no limit.
    """

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
