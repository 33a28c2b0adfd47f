"""Launch a Triton kernel on the device of its tensors."""

from typing import Any

import torch
from torch import Tensor


def launch(
    kernel: Any, programs: tuple[int, ...], first: Tensor, *rest: Any, **options: Any
) -> None:
    """Run ``kernel`` in a grid of ``programs`` with these arguments, on the device of ``first``.

    Args:
        kernel: a function under ``triton.jit``.
        programs: number of programs along each axis of the grid; a zero skips the launch.
        first: the first argument of the kernel.
        rest: the other arguments of the kernel.
        options: constants of the kernel, and Triton's options (``num_warps``, ``num_stages``).
    """
    if 0 in programs:
        return
    with torch.cuda.device_of(first):
        kernel[programs](first, *rest, **options)


def power_of_two(number: int, *, least: int = 1) -> int:
    """The smallest power of two that is at least ``number`` and ``least``."""
    return max(least, 1 << max(0, number - 1).bit_length())
