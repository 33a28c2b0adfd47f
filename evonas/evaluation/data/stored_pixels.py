"""A tensor of pixels that are not in memory: indexing reads them, and nothing else is kept."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, final

import numpy as np
import torch
from torch import Tensor


class AbstractReader(ABC):
    """Reads images from where they are stored.

    Attributes:
        shape: (channels, height, width) of each image.
        fingerprint: fingerprint of all images with their labels, where it is known already (see
            :func:`evonas.evaluation.data.fingerprint.fingerprint`); None where it is not.
    """

    shape: tuple[int, int, int]
    fingerprint: str | None

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def read(self, index: Sequence[int]) -> Tensor:
        """Some images, read now: uint8 (n, channels, height, width), on the CPU.

        Raises:
            DataError: a file can no longer be read.
        """

    @abstractmethod
    def batches(
        self,
        plans: Sequence[np.ndarray[Any, Any]],
        *,
        padding: int,
        may_start_processes: bool = True,
    ) -> Generator[Tensor, None, None]:
        """The batch of each plan, in their order, read ahead of their use.

        Args:
            plans: int64, (1 or 4, batch) each: numbers of images and, in three more rows, the
                first row, the first column, and 1 where the image is mirrored.
            padding: pixels of the black frame that rows and columns are counted in.
            may_start_processes: whether processes may read, and not threads alone.

        Yields:
            uint8, (batch, height, width, channels), on the CPU.

        Raises:
            DataError: a file can no longer be read, or a process was killed.
        """

    def chunks(self, size: int) -> Iterator[Tensor]:
        """All images in their order, so many at a time, read ahead of their use.

        Yields:
            uint8, (at most size, channels, height, width), on the CPU.
        """
        numbers = np.arange(len(self), dtype=np.int64)
        plans = [numbers[None, first : first + size] for first in range(0, len(self), size)]
        for batch in self.batches(plans, padding=0):
            yield batch.permute(0, 3, 1, 2).contiguous()

    @abstractmethod
    def subset(self, index: Sequence[int]) -> "AbstractReader":
        """A reader of some of the images, in that order."""

    @abstractmethod
    def with_more(self, others: "AbstractReader") -> "AbstractReader":
        """A reader of these images, then of the others."""


@final
class StoredPixels(Tensor):
    """Stands for uint8 (N, channels, height, width) on a device.

    Its shape and its device are known without reading. Indexed by a slice or by numbers of images
    it reads these images; whatever else is done with it is done with all of them, read for it.

    Args:
        reader: reader of the images.
        device: the device that they go to when they are read.
    """

    reader: AbstractReader

    @staticmethod
    def __new__(
        cls: type["StoredPixels"], reader: AbstractReader, *, device: torch.device | str = "cpu"
    ) -> "StoredPixels":
        """One that takes no memory."""
        size = (len(reader), *reader.shape)
        made: StoredPixels = Tensor._make_wrapper_subclass(
            cls, size, dtype=torch.uint8, device=torch.device(device)
        )
        made.reader = reader
        return made

    def __repr__(self) -> str:  # type: ignore[override]
        return f"StoredPixels{tuple(self.shape)}"

    def chunks(self, size: int) -> Iterator[Tensor]:
        """All images in their order, so many at a time, read ahead of their use."""
        for part in self.reader.chunks(size):
            yield part.to(self.device)

    def subset(self, index: Tensor) -> "StoredPixels":
        """Some images, in that order; nothing is read."""
        return StoredPixels(self.reader.subset(index.tolist()), device=self.device)

    def with_more(self, others: "StoredPixels") -> "StoredPixels":
        """These images, then the others; nothing is read."""
        return StoredPixels(self.reader.with_more(others.reader), device=self.device)

    def on(self, device: torch.device | str) -> "StoredPixels":
        """The same for another device; nothing is read."""
        return StoredPixels(self.reader, device=device)

    def _read(self, index: Any = slice(None)) -> Tensor:
        numbers = torch.arange(len(self.reader))
        chosen = numbers[index.cpu() if isinstance(index, Tensor) else index]
        found = self.reader.read(chosen.flatten().tolist())
        return found.view(*chosen.shape, *self.reader.shape).to(self.device)

    @classmethod
    def __torch_function__(
        cls, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Read what is needed."""
        kwargs = kwargs or {}
        if func in _KNOWN_WITHOUT_READING:
            with torch._C.DisableTorchFunctionSubclass():
                return func(*args, **kwargs)
        if func is Tensor.__getitem__ and isinstance(args[0], StoredPixels):
            pixels, index = args
            if isinstance(index, (int, slice)) or (
                isinstance(index, Tensor) and index.dtype == torch.int64
            ):
                return pixels._read(index)
        return func(*(_read(each) for each in args), **{k: _read(v) for k, v in kwargs.items()})

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]  # torch's own annotation lacks the function
        cls, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Read what is needed."""
        kwargs = kwargs or {}
        return func(*(_read(each) for each in args), **{k: _read(v) for k, v in kwargs.items()})


_KNOWN_WITHOUT_READING = frozenset(
    {
        Tensor.__len__, Tensor.dim, Tensor.size, Tensor.numel, Tensor.is_floating_point,
        *(
            getattr(Tensor, name).__get__
            for name in ("shape", "dtype", "device", "is_cuda", "ndim", "requires_grad", "layout")
        ),
    }
)  # fmt: skip


def _read(value: Any) -> Any:
    """The value with every stored tensor read, also those in a list."""
    if isinstance(value, StoredPixels):
        return value._read()
    if isinstance(value, (list, tuple)):
        return type(value)(map(_read, value))
    return value
