"""A tensor of pixels that stay on disk: indexing reads the images, and none are kept."""

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
        fingerprint: fingerprint of all images and labels (see
            :func:`evonas.evaluation.data.fingerprint.fingerprint`); None if not known yet.
    """

    shape: tuple[int, int, int]
    fingerprint: str | None

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def read(self, index: Sequence[int]) -> Tensor:
        """Read some images immediately: uint8 (n, channels, height, width), on the CPU.

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
        """Yield the batch of each plan, in order, read ahead of its use.

        Args:
            plans: int64, (1 or 4, batch) each: numbers of images and, in three more rows, the
                first row, the first column, and 1 if the image is mirrored.
            padding: width in pixels of the black frame; rows and columns count from its corner.
            may_start_processes: whether to read in processes too, not only in threads.

        Yields:
            uint8, (batch, height, width, channels), on the CPU.

        Raises:
            DataError: a file can no longer be read, or a process was killed.
        """

    def chunks(self, size: int) -> Iterator[Tensor]:
        """Yield all images in order, ``size`` at a time, read ahead of their use.

        Yields:
            uint8, (at most size, channels, height, width), on the CPU.
        """
        numbers = np.arange(len(self), dtype=np.int64)
        plans = [numbers[None, first : first + size] for first in range(0, len(self), size)]
        for batch in self.batches(plans, padding=0):
            yield batch.permute(0, 3, 1, 2).contiguous()

    @abstractmethod
    def subset(self, index: Sequence[int]) -> "AbstractReader":
        """A reader of some of the images, in the order of ``index``."""

    @abstractmethod
    def with_more(self, others: "AbstractReader") -> "AbstractReader":
        """A reader of these images, then of the others."""


@final
class StoredPixels(Tensor):
    """A lazily read tensor, uint8 (N, channels, height, width), on a device.

    Its shape and device are known without reading. Indexing by a number, a slice or a tensor of
    numbers reads these images; any other operation reads all images.

    Args:
        reader: reader of the images.
        device: device that images are moved to when they are read.
    """

    reader: AbstractReader

    @staticmethod
    def __new__(
        cls: type["StoredPixels"], reader: AbstractReader, *, device: torch.device | str = "cpu"
    ) -> "StoredPixels":
        """Create a wrapper that allocates no memory for pixels."""
        size = (len(reader), *reader.shape)
        made: StoredPixels = Tensor._make_wrapper_subclass(
            cls, size, dtype=torch.uint8, device=torch.device(device)
        )
        made.reader = reader
        return made

    def __repr__(self) -> str:  # type: ignore[override]
        return f"StoredPixels{tuple(self.shape)}"

    def chunks(self, size: int) -> Iterator[Tensor]:
        """Yield all images in order, ``size`` at a time, read ahead of their use."""
        for part in self.reader.chunks(size):
            yield part.to(self.device)

    def subset(self, index: Tensor) -> "StoredPixels":
        """Some images, in the order of ``index``; nothing is read."""
        return StoredPixels(self.reader.subset(index.tolist()), device=self.device)

    def with_more(self, others: "StoredPixels") -> "StoredPixels":
        """These images, then the others; nothing is read."""
        return StoredPixels(self.reader.with_more(others.reader), device=self.device)

    def on(self, device: torch.device | str) -> "StoredPixels":
        """The same images for another device; nothing is read."""
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
        """Answer queries of shape and device without reading; read only indexed images."""
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
        """Read all images, then call the operation."""
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
    """Replace every stored tensor by its pixels, also in lists and tuples."""
    if isinstance(value, StoredPixels):
        return value._read()
    if isinstance(value, (list, tuple)):
        return type(value)(map(_read, value))
    return value
