"""The executor for a run's device."""

from evonas.evaluation.training.devices import devices_of
from evonas.settings.workers import Place
from evonas.study.executors.base import AbstractExecutor
from evonas.study.executors.dask.executor import DaskExecutor
from evonas.study.executors.device import DeviceExecutor
from evonas.study.executors.inline import InlineExecutor
from evonas.study.executors.pool import JoblibExecutor


def make_executor(
    workers: int,
    *,
    device: str = "cpu",
    timeout_seconds: float | None = None,
    place: Place | None = None,
) -> AbstractExecutor:
    """The executor for ``device``, as a run names it.

    Args:
        workers: processes on the CPU (one means this process); candidates in parallel on each GPU.
        device: cpu, cuda, cuda:<number> or all.
        timeout_seconds: the seconds that a candidate may take; None for no limit. With a limit, a
            single worker is a separate process, so that it can be killed.
        place: the user's choice of workers; None for this machine without a cluster.
    """
    if place is not None and place.is_cluster:
        return DaskExecutor(
            place.address, workers=workers, device=device, timeout_seconds=timeout_seconds
        )
    if device != "cpu":
        return DeviceExecutor(devices_of(device), slots=workers, timeout_seconds=timeout_seconds)
    if workers == 1 and timeout_seconds is None:
        return InlineExecutor()
    return JoblibExecutor(workers, timeout_seconds=timeout_seconds)
