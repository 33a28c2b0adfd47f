"""A flat tensor cut into segments, and the segments into blocks: the table one launch reads.

Layers differ in size, programs of a launch do not. So each program looks up which segment it
works on and where it begins there; a table is made once and lives on the device.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

BLOCK = 1024  # elements of a segment that one program works on; a power of two


def cut(
    counts: Sequence[int], *, block: int = BLOCK, device: torch.device | str = "cpu"
) -> Tensor:
    """The segment of each program, and the first element of it that is the program's.

    Args:
        counts: elements of each segment; an empty segment gets no program.
        block: elements of one program.
        device: where the table will be read.

    Returns:
        (programs, 2) int32.
    """
    sizes = torch.tensor(counts, dtype=torch.int64)
    programs = (sizes + block - 1) // block
    segment = torch.repeat_interleave(torch.arange(len(counts)), programs)
    before = programs.cumsum(0) - programs
    first = (torch.arange(len(segment)) - before[segment]) * block
    return torch.stack([segment, first], dim=1).to(torch.int32).to(device)
