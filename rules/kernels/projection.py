"""Direct feedback to all layers at once: one product with the error, one launch to spread it.

A layer under direct feedback sends e P, where P is the transposed convolution of a kernel B with
an error that is the same at every output position
(`evonas.rules.direct.direct_feedback_alignment`). So the signal to a pixel depends only on which
taps of the kernel reach it: a 3x3 kernel at stride 1 has nine classes of pixels. The product is
computed once per class, for all layers together, and each pixel looks up its class.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from evonas.errors import RuleError
from evonas.rules.kernels.segments import cut_into_blocks
from evonas.rules.kernels.transforms import refuse_vmap


@dataclass(frozen=True)
class Receiver:
    """A layer to whose input the error is sent.

    Attributes:
        kernel: B, (classes, C_in, k, k), or (classes, inputs) for a linear layer.
        size: height and width of its input; (1, 1) for a linear layer.
        stride: stride of the layer.
        padding: zero padding of the layer.
        dilation: dilation of the layer.
        scale: factor of the signal, given by the norm of the rule.
    """

    kernel: Tensor
    size: tuple[int, int] = (1, 1)
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    scale: float = 1.0


@dataclass(frozen=True)
class ProjectionTable:
    """The map from an error to the signals of all layers, for one batch size.

    Attributes:
        matrix: (classes, columns): for each layer, one column for each channel and class of
            pixels; the class of the pixel's column is the fastest index.
        layers: (n, 9) int64: first column; first element of the signal; channels, height, width;
            index in ``pixels`` of the rows and of the columns; number of classes of rows and of
            columns.
        pixels: (sum of heights and widths,) int32, the class of each row and column of pixels.
        blocks: (programs, 2) int32, see :func:`evonas.rules.kernels.segments.cut_into_blocks`.
        shapes: (batch, channels, height, width) of the signal to each layer.
        channels_last: whether the signals are in channels-last format.
    """

    matrix: Tensor
    layers: Tensor
    pixels: Tensor
    blocks: Tensor
    shapes: tuple[tuple[int, int, int, int], ...]
    channels_last: bool


def projection_table(
    receivers: Sequence[Receiver], *, batch: int, channels_last: bool = False
) -> ProjectionTable:
    """Build the table of the layers on the device of their kernels.

    Raises:
        RuleError: there are no layers, or their kernels differ in the number of classes.
    """
    if len({receiver.kernel.shape[0] for receiver in receivers}) != 1:
        raise RuleError(
            "projection_table: expected one or more layers whose kernels share the number of "
            f"classes, got kernels of shape {[tuple(r.kernel.shape) for r in receivers]}"
        )
    columns: list[Tensor] = []
    rows: list[tuple[int, ...]] = []
    pixels: list[int] = []
    shapes: list[tuple[int, int, int, int]] = []
    first_column = first_element = 0
    for receiver in receivers:
        kernel = receiver.kernel.float()
        kernel = kernel if kernel.dim() == 4 else kernel[:, :, None, None]
        of_rows, of_columns = (
            tap_classes(
                size, kernel=kernel.shape[-1], stride=receiver.stride, padding=receiver.padding,
                dilation=receiver.dilation,
            )
            for size in receiver.size
        )  # fmt: skip
        sums = torch.einsum(
            "ecyx,ry,sx->ecrs", kernel, *(known.taps.to(kernel) for known in (of_rows, of_columns))
        )
        columns.append(sums.flatten(1) * receiver.scale)
        shape = (batch, kernel.shape[1], *receiver.size)
        places = len(pixels), len(pixels) + len(of_rows.of_pixel)
        rows.append((first_column, first_element, *shape[1:], *places, *sums.shape[2:]))
        pixels += [*of_rows.of_pixel, *of_columns.of_pixel]
        shapes.append(shape)
        first_column += sums[0].numel()
        first_element += batch * shape[1] * shape[2] * shape[3]
    device = receivers[0].kernel.device
    counts = [n * c * h * w for n, c, h, w in shapes]
    return ProjectionTable(
        matrix=torch.cat(columns, dim=1),
        layers=torch.tensor(rows, dtype=torch.int64, device=device),
        pixels=torch.tensor(pixels, dtype=torch.int32, device=device),
        blocks=cut_into_blocks(counts, device=device),
        shapes=tuple(shapes),
        channels_last=channels_last,
    )


@dataclass(frozen=True)
class TapClasses:
    """Classes of the pixels along one axis; the same taps reach all pixels of a class.

    Attributes:
        taps: (classes, k), 1 where a tap reaches the pixels of the class.
        of_pixel: the class of each pixel.
    """

    taps: Tensor
    of_pixel: tuple[int, ...]


def tap_classes(size: int, *, kernel: int, stride: int, padding: int, dilation: int) -> TapClasses:
    """The classes of the pixels along an axis of ``size``, in order of first occurrence."""
    outputs = (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    reached = []
    for pixel in range(size):
        places = [pixel + padding - dilation * tap for tap in range(kernel)]
        reached.append(tuple(p % stride == 0 and 0 <= p // stride < outputs for p in places))
    classes = list(dict.fromkeys(reached))
    return TapClasses(
        taps=torch.tensor(classes, dtype=torch.float32),
        of_pixel=tuple(classes.index(taps) for taps in reached),
    )


def project(
    error: Tensor, table: ProjectionTable, *, dtype: torch.dtype = torch.float32
) -> list[Tensor]:
    """The signal to each layer: (batch, channels, height, width), views of one new tensor.

    Args:
        error: (batch, classes).
        table: table of the layers.
        dtype: dtype of the signals.

    Raises:
        RuleError: the error has another batch size or number of classes than the table.
    """
    expected = (table.shapes[0][0], table.matrix.shape[0])
    if tuple(error.shape) != expected:
        raise RuleError(
            f"project: expected an error (batch, classes) of {expected}, got {tuple(error.shape)}"
        )
    counts = [n * c * h * w for n, c, h, w in table.shapes]
    sums = error.detach().to(table.matrix.dtype) @ table.matrix
    flat = spread_op(
        sums, table.layers, table.pixels, table.blocks, sum(counts),
        table.channels_last, dtype,
    )  # fmt: skip
    pieces = zip(flat.split(counts), table.shapes, strict=True)
    if table.channels_last:
        return [x.view(n, h, w, c).permute(0, 3, 1, 2) for x, (n, c, h, w) in pieces]
    return [piece.view(shape) for piece, shape in pieces]


@torch.library.custom_op("evonas::spread", mutates_args=(), device_types="cuda")
def spread_op(
    sums: Tensor, layers: Tensor, pixels: Tensor, blocks: Tensor, total: int,
    channels_last: bool, dtype: torch.dtype,
) -> Tensor:  # fmt: skip
    """Look up the class of every pixel of every layer in ``sums`` (batch, columns); on a GPU."""
    from evonas.rules.kernels.device.projection import spread

    return spread(sums, layers, pixels, blocks, total, channels_last, dtype)


@spread_op.register_kernel("cpu")
def reference(
    sums: Tensor, layers: Tensor, pixels: Tensor, blocks: Tensor, total: int,
    channels_last: bool, dtype: torch.dtype,
) -> Tensor:  # fmt: skip
    """:func:`spread_op` in ATen, one layer after the other."""
    del blocks  # only divide a GPU launch
    batch = sums.shape[0]
    flat = sums.new_empty(total, dtype=dtype)
    for column, begin, channels, height, width, rows, columns, *classes in layers.tolist():
        of_rows = pixels[rows : rows + height].long()
        of_columns = pixels[columns : columns + width].long()
        own = sums[:, column : column + channels * classes[0] * classes[1]]
        sent = own.view(batch, channels, *classes)[:, :, of_rows][..., of_columns]
        if channels_last:
            sent = sent.permute(0, 2, 3, 1)
        flat[begin : begin + sent.numel()] = sent.flatten()
    return flat


@spread_op.register_fake
def _(
    sums: Tensor, layers: Tensor, pixels: Tensor, blocks: Tensor, total: int,
    channels_last: bool, dtype: torch.dtype,
) -> Tensor:  # fmt: skip
    del layers, pixels, blocks, channels_last
    return sums.new_empty(total, dtype=dtype)


refuse_vmap("evonas::spread")
