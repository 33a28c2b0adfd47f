"""Base class of operations that count their own multiply-adds."""

from abc import ABC, abstractmethod

from torch import nn


class AbstractEdge(nn.Module, ABC):
    """An operation whose layers do not all have the image size of its output.

    Attributes:
        stride: 2 if it halves height and width, else 1.
    """

    stride: int

    @abstractmethod
    def multiply_adds(self, *, height: int, width: int) -> int:
        """Multiply-adds for one image; ``height`` and ``width`` are those of the input."""
