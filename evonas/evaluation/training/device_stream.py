"""Where the work of one candidate is queued: a CUDA stream of its own, or the host itself."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import final

import torch


class AbstractDeviceStream(ABC):
    """A queue of work, in order; several streams of one device run beside each other."""

    @abstractmethod
    @contextmanager
    def open(self) -> Iterator[None]:
        """What is computed in this block is queued here."""

    @abstractmethod
    def is_free(self) -> bool:
        """Whether all that was queued is done."""

    @abstractmethod
    def wait(self) -> None:
        """Until it is."""


@final
class HostStream(AbstractDeviceStream):
    """A CPU does at once what it is given."""

    @contextmanager
    def open(self) -> Iterator[None]:
        """Nothing to do."""
        yield

    def is_free(self) -> bool:
        """Always."""
        return True

    def wait(self) -> None:
        """For nothing."""


@final
class CudaStream(AbstractDeviceStream):
    """A stream of its own, on which a graph can be captured as well.

    Args:
        device: a CUDA device.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)
        self._done = torch.cuda.Event()

    @contextmanager
    def open(self) -> Iterator[None]:
        """The stream is the current one, the device too."""
        with torch.cuda.device(self._device), torch.cuda.stream(self._stream):
            try:
                yield
            finally:
                self._done.record(self._stream)

    def is_free(self) -> bool:
        """Whether the device has passed the end of the last block."""
        return bool(self._done.query())

    def wait(self) -> None:
        """Until the device has passed it; the other streams go on meanwhile."""
        self._done.synchronize()


def make_device_stream(device: torch.device | str) -> AbstractDeviceStream:
    """A new stream on ``device``."""
    device = torch.device(device)
    return CudaStream(device) if device.type == "cuda" else HostStream()
