"""Divide the segments of a flat tensor into blocks, one for each program of a launch.

Layers differ in size, but all programs of a launch have the same size. So each program reads from
a table which segment it works on and where it begins. The table is built once and stays on the
device.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

BLOCK = 1024  # number of elements that one program works on; a power of two


def cut_into_blocks(
    counts: Sequence[int], *, block: int = BLOCK, device: torch.device | str = "cpu"
) -> Tensor:
    """The segment of each program, and the program's first element in it.

    Args:
        counts: number of elements of each segment; an empty segment gets no program.
        block: number of elements per program.
        device: device of the table.

    Returns:
        (programs, 2) int32.
    """
    sizes = torch.tensor(counts, dtype=torch.int64)
    programs = (sizes + block - 1) // block
    segment = torch.repeat_interleave(torch.arange(len(counts)), programs)
    before = programs.cumsum(0) - programs
    first = (torch.arange(len(segment)) - before[segment]) * block
    return torch.stack([segment, first], dim=1).to(torch.int32).to(device)
