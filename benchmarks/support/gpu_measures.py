"""Measure time, launches, traffic and memory of a step on a GPU; a CPU is only for testing."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from evonas.evaluation.training.speed import wait


@dataclass(frozen=True)
class StepTime:
    """Milliseconds per step, over a few windows of many steps.

    Attributes:
        median: median of the windows.
        low: fastest window.
        high: slowest window.
    """

    median: float
    low: float
    high: float


def step_time(
    step: Callable[[], None],
    *,
    before_window: Callable[[], None],
    device: torch.device,
    num_steps: int,
    windows: int = 3,
) -> StepTime:
    """Measure a step that has been warmed up."""
    times = []
    for _ in range(windows):
        before_window()
        wait(device)
        start = time.perf_counter()
        for _ in range(num_steps):
            step()
        wait(device)
        times.append(1e3 * (time.perf_counter() - start) / num_steps)
    return StepTime(statistics.median(times), min(times), max(times))


def kernels_per_step(
    step: Callable[[], None], *, device: torch.device, num_steps: int = 3
) -> float | None:
    """Number of kernels per step, as counted by the profiler; None on a CPU."""
    if device.type != "cuda":
        return None
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as seen:
        for _ in range(num_steps):
            step()
        wait(device)
    on_device = [event for event in seen.events() or [] if event.device_type.name == "CUDA"]
    return len(on_device) / num_steps


class Traffic(TorchDispatchMode):
    """Counts operations and the bytes that they read and write; views are not counted."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations = 0
        self.bytes = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        results = func(*args, **(kwargs or {}))
        given = [t for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor)]
        made = [t for t in tree_leaves(results) if isinstance(t, Tensor)]
        storages = {t.untyped_storage()._cdata for t in given}
        new = [t for t in made if t.untyped_storage()._cdata not in storages]
        if func._schema.is_mutable or new:
            self.operations += 1
            self.bytes += sum(t.nbytes for t in (*given, *new))
        return results


def traffic(step: Callable[[], None]) -> Traffic:
    """Operations and traffic of one step that runs without replay."""
    counted = Traffic()
    with counted:
        step()
    return counted


def copy_gigabytes_per_second(device: torch.device, *, size_bytes: int) -> float:
    """Bandwidth of a large copy, reads and writes together: an upper bound for the device."""
    source = torch.zeros(size_bytes, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    best = float("inf")
    for _ in range(5):
        wait(device)
        start = time.perf_counter()
        for _ in range(10):
            target.copy_(source)
        wait(device)
        best = min(best, (time.perf_counter() - start) / 10)
    return 2 * size_bytes / best / 1e9


def forget_peak(device: torch.device) -> None:
    """Reset the peak of allocated memory."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


def peak_gibibytes(device: torch.device) -> float | None:
    """Peak of allocated memory since the last reset; None on a CPU."""
    if device.type != "cuda":
        return None
    return float(torch.cuda.max_memory_allocated(device)) / 2**30
