"""Which part of which segment a program works on; the host's half is ``kernels.segments``."""

import triton
import triton.language as tl


@triton.jit
def own_block(blocks):
    """The segment of this program, and the first of its elements that belongs to the program."""
    row = blocks + 2 * tl.program_id(0)
    return tl.load(row).to(tl.int64), tl.load(row + 1)
