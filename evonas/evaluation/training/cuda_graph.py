"""Capture a function as a CUDA graph after a warm-up, and replay it from then on.

A replay launches in one go what the function launches one by one. Warm-up calls are real calls,
and so is the first replay: n calls execute the function exactly n times.
"""

import gc
import time
from collections.abc import Callable
from typing import final

import torch

# the first call creates what stays constant, the second reuses it; the third is a safety margin
WARM_UP_CALLS = 3


@final
class Replayed:
    """Executes ``function``, which takes and returns nothing and never makes the host wait.

    On a CPU, and if the capture fails, each call executes the function itself, with the same
    results. All calls must be made on one stream that is not the default one (see
    ``CudaStream``). Graphs captured on the same stream would share cuBLAS' workspace, so every
    candidate has a stream of its own.

    Args:
        function: function that reads and writes tensors at fixed addresses.
        device: device it works on.

    Attributes:
        fallback: why calls are not replays; None if they are, or will be after the warm-up.
        capture_seconds: duration of the capture in seconds, 0 before it.
    """

    def __init__(self, function: Callable[[], None], *, device: torch.device) -> None:
        self._function = function
        self._graph: torch.cuda.CUDAGraph | None = None
        self._calls = 0
        self.fallback = None if device.type == "cuda" else f"{device.type} has no graphs"
        self.capture_seconds = 0.0

    @property
    def is_captured(self) -> bool:
        """Whether calls are replays of the captured graph."""
        return self._graph is not None

    def __call__(self) -> None:
        """Execute the function once."""
        if self._graph is None and self.fallback is None and self._calls >= WARM_UP_CALLS:
            self._capture()
        if self._graph is not None:
            self._graph.replay()
        else:
            self._function()
            self._calls += 1

    def _capture(self) -> None:
        start = time.perf_counter()
        stream = torch.cuda.current_stream()
        if stream == torch.cuda.default_stream():
            self.fallback = "called on the default stream, which cannot be captured"
            return
        stream.synchronize()
        was_collecting = gc.isenabled()
        gc.disable()  # a collection could free tensors and so call the device during the capture
        graph = torch.cuda.CUDAGraph()
        try:
            # thread_local: calls of other threads to the device must not end this capture
            graph.capture_begin(capture_error_mode="thread_local")
            try:
                self._function()
            except BaseException:
                _abandon(graph)
                raise
            graph.capture_end()
            self._graph = graph
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as problem:  # an operation that cannot be captured
            self.fallback = f"capture failed: {str(problem).splitlines()[0]}"
        finally:
            if was_collecting:
                gc.enable()
            self.capture_seconds = time.perf_counter() - start


def _abandon(graph: torch.cuda.CUDAGraph) -> None:
    """End a failed capture; otherwise the stream would stay in capture mode."""
    try:
        graph.capture_end()
    except RuntimeError:
        return  # it only repeats the error that is being raised
