"""The executor that a run's device asks for."""

from evonas.evaluation.training.devices import devices_of
from evonas.study.executors.base import AbstractExecutor
from evonas.study.executors.device import DeviceExecutor
from evonas.study.executors.inline import InlineExecutor
from evonas.study.executors.pool import JoblibExecutor


def make_executor(workers: int, *, device: str = "cpu") -> AbstractExecutor:
    """The executor for ``device``, as a run names it.

    Args:
        workers: processes on the CPU, one means this process; candidates at once on each GPU.
        device: cpu, cuda, cuda:<number> or all.
    """
    if device != "cpu":
        return DeviceExecutor(devices_of(device), slots=workers)
    return InlineExecutor() if workers == 1 else JoblibExecutor(workers)
