"""Write the signals of direct feedback to all layers in one launch."""

import torch
import triton
import triton.language as tl
from torch import Tensor

from evonas.rules.kernels.device.launch import launch
from evonas.rules.kernels.device.segments import own_block
from evonas.rules.kernels.segments import BLOCK


@triton.jit
def spread_kernel(
    sent, sums, layers, pixels, blocks, batch, columns,
    CHANNELS_LAST: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Write one block of one layer; the reference is ``evonas.rules.kernels.projection``."""
    layer, first = own_block(blocks)
    row = layers + 9 * layer
    element = first + tl.arange(0, BLOCK)
    first_column = tl.load(row)
    begin = tl.load(row + 1)
    channels = tl.load(row + 2).to(tl.int32)
    height = tl.load(row + 3).to(tl.int32)
    width = tl.load(row + 4).to(tl.int32)
    of_rows = tl.load(row + 5)
    of_columns = tl.load(row + 6)
    row_classes = tl.load(row + 7).to(tl.int32)
    column_classes = tl.load(row + 8).to(tl.int32)
    if CHANNELS_LAST:
        channel = element % channels
        place = element // channels
        image = place // (height * width)
    else:
        place = element
        channel = element // (height * width) % channels
        image = element // (height * width * channels)
    inside = image < batch
    y = tl.load(pixels + of_rows + place // width % height, mask=inside, other=0)
    x = tl.load(pixels + of_columns + place % width, mask=inside, other=0)
    column = first_column + (channel * row_classes + y) * column_classes + x
    value = tl.load(sums + image.to(tl.int64) * columns + column, mask=inside, other=0.0)
    value = value.to(tl.float32).to(sent.dtype.element_ty)
    tl.store(sent + begin + element, value, mask=inside)


def spread(
    sums: Tensor, layers: Tensor, pixels: Tensor, blocks: Tensor, total: int,
    channels_last: bool, dtype: torch.dtype,
) -> Tensor:  # fmt: skip
    """See :func:`evonas.rules.kernels.projection.spread_op`."""
    sent = sums.new_empty(total, dtype=dtype)
    launch(
        spread_kernel, (blocks.shape[0],), sent, sums.contiguous(), layers, pixels, blocks,
        *sums.shape, CHANNELS_LAST=channels_last, BLOCK=BLOCK, num_warps=4,
    )  # fmt: skip
    return sent
