"""Queues for the work of one candidate: a CUDA stream of its own, or the host."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import final

import torch


class AbstractDeviceStream(ABC):
    """An ordered queue of work; several streams of one device run concurrently."""

    @abstractmethod
    @contextmanager
    def open(self) -> Iterator[None]:
        """Queue everything computed in this block on this stream.

        It follows what the caller has queued. The caller has to :meth:`wait` for its results.
        """

    @abstractmethod
    def is_free(self) -> bool:
        """Whether all queued work is done."""

    @abstractmethod
    def wait(self) -> None:
        """Wait until all queued work is done."""


@final
class HostStream(AbstractDeviceStream):
    """The stream of a CPU, which executes work immediately."""

    @contextmanager
    def open(self) -> Iterator[None]:
        """Do nothing: there is no queue."""
        yield

    def is_free(self) -> bool:
        """Always true: no work is ever pending."""
        return True

    def wait(self) -> None:
        """Return at once: no work is ever pending."""


@final
class CudaStream(AbstractDeviceStream):
    """A CUDA stream other than the default one, on which graphs can be captured.

    Args:
        device: CUDA device.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)
        self._done = torch.cuda.Event()

    @contextmanager
    def open(self) -> Iterator[None]:
        """Make this stream and its device the current ones in this block."""
        with torch.cuda.device(self._device):
            # what the caller has queued so far, such as a plan, may not be computed yet
            self._stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self._stream):
                try:
                    yield
                finally:
                    self._done.record(self._stream)

    def is_free(self) -> bool:
        """Whether the device has passed the end of the last block."""
        return bool(self._done.query())

    def wait(self) -> None:
        """Wait until the device has passed the end of the last block; other streams continue."""
        self._done.synchronize()


def make_device_stream(device: torch.device | str) -> AbstractDeviceStream:
    """Create a new stream on ``device``."""
    device = torch.device(device)
    return CudaStream(device) if device.type == "cuda" else HostStream()
