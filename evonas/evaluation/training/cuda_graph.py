"""A function that is captured as a CUDA graph once it is warm, and replayed from then on.

A replay launches at once what the function launches one by one. The warm-up is not thrown away:
its calls are calls, and so is the first replay, so that n calls do the function n times.
"""

import gc
import time
from collections.abc import Callable
from typing import final

import torch

# the first call makes what stays constant, the second finds it made; the third is to be sure
WARM_UP_CALLS = 3


@final
class Replayed:
    """Calls ``function``, which takes and returns nothing and never makes the host wait.

    On a CPU, and where a capture fails, it stays a call: the numbers are the same. Calls must be
    made on a stream that is not the default one, always the same (see ``CudaStream``): graphs
    that are captured on one stream would share cuBLAS' workspace, so every candidate has its own.

    Args:
        function: reads and writes tensors that stay where they are.
        device: it works on.

    Attributes:
        fallback: why calls are not replays; None while they are, or will be.
        capture_seconds: the time that the capture took, 0 before.
    """

    def __init__(self, function: Callable[[], None], *, device: torch.device) -> None:
        self._function = function
        self._graph: torch.cuda.CUDAGraph | None = None
        self._calls = 0
        self.fallback = None if device.type == "cuda" else f"{device.type} has no graphs"
        self.capture_seconds = 0.0

    @property
    def is_captured(self) -> bool:
        """Whether calls are replays."""
        return self._graph is not None

    def __call__(self) -> None:
        """Do the function once."""
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
        gc.disable()  # what a collection frees here could call the device in the capture
        graph = torch.cuda.CUDAGraph()
        try:
            # thread_local: what other threads ask of the device is no part of this capture
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
    """End a capture that has failed, or the stream would stay in it."""
    try:
        graph.capture_end()
    except RuntimeError:
        return  # it says again what is being raised
