"""Backward pass of ReLU, depthwise and pointwise convolution through feedback tensors.

There are two kernels. The first computes the signal between the two layers and the gradients of
both weights; it recomputes the output of the depthwise layer. The second computes the signal to
the inputs.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from evonas.rules.kernels.device.launch import launch, power_of_two
from evonas.rules.kernels.device.places import (
    offsets,
    own_tile,
    pixel,
    share_tiles,
    tile_channels,
    tile_places,
    tiling,
)
from evonas.rules.kernels.device.separable import BACKWARD, active_tap, inner, precision
from evonas.rules.kernels.layout import empty_in_layout_of, to_layout_of

MAX_PROGRAMS = 128  # along the places; each writes gradients of all weights, to be summed later


@triton.jit
def separable_weights_kernel(
    between, gradients, received, inputs, depthwise, feedback, places, height, width, out_height,
    out_width,
    C_IN: tl.constexpr, C_OUT: tl.constexpr, KERNEL: tl.constexpr, STRIDE: tl.constexpr,
    PADDING: tl.constexpr, DILATION: tl.constexpr, INNER_IN: tl.constexpr,
    INNER_OUT: tl.constexpr, TILES: tl.constexpr, SLOTS: tl.constexpr, BLOCK_P: tl.constexpr,
    BLOCK_C: tl.constexpr, BLOCK_O: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Compute the signal between the layers at some places, and their share of both gradients.

    A program writes one row: the depthwise gradient, then the pointwise one.
    """
    out = tl.arange(0, BLOCK_O)
    channel, known = tile_channels(C_IN, BLOCK_C)
    slot = tl.arange(0, SLOTS)
    pair = (out < C_OUT)[:, None] & known[None, :]
    at_pair = out[:, None] * C_IN + channel[None, :]
    grad_pointwise = tl.zeros((BLOCK_O, BLOCK_C), tl.float32)
    grad_depthwise = tl.zeros((BLOCK_C, SLOTS), tl.float32)
    for tile in range(TILES):
        place = tile_places(tl.program_id(0) * TILES + tile, BLOCK_P)
        valid = place < places
        image, y, x = pixel(place, out_height, out_width)
        at = offsets(place[:, None], out[None, :], C_OUT, INNER_OUT)
        inside = valid[:, None] & (out < C_OUT)[None, :]
        signal = tl.load(received + at, mask=inside, other=0.0).to(tl.float32)
        weights = tl.load(feedback + at_pair, mask=pair, other=0.0).to(tl.float32)
        sent = tl.dot(signal, weights, input_precision=PRECISION)
        at = offsets(place[:, None], channel[None, :], C_IN, INNER_OUT)
        inside = valid[:, None] & known[None, :]
        tl.store(between + at, sent.to(between.dtype.element_ty), mask=inside)
        hidden = tl.zeros((BLOCK_P, BLOCK_C), tl.float32)
        for tap in range(KERNEL * KERNEL):
            value = active_tap(
                inputs, image, y, x, valid, channel, height, width, tap,
                C_IN, INNER_IN, KERNEL, STRIDE, PADDING, DILATION,
            )  # fmt: skip
            at_tap = channel * (KERNEL * KERNEL) + tap
            weight = tl.load(depthwise + at_tap, mask=known, other=0.0).to(tl.float32)
            hidden += value * weight[None, :]
            overlap = tl.sum(sent * value, axis=0)
            grad_depthwise += tl.where(slot[None, :] == tap, overlap[:, None], 0.0)
        grad_pointwise = tl.dot(
            tl.trans(signal), hidden, grad_pointwise, input_precision=PRECISION
        )
    row = gradients + tl.program_id(0) * (C_IN * (KERNEL * KERNEL + C_OUT))
    at = channel[:, None] * (KERNEL * KERNEL) + slot[None, :]
    used = known[:, None] & (slot < KERNEL * KERNEL)[None, :]
    tl.store(row + at, grad_depthwise, mask=used)
    tl.store(row + C_IN * KERNEL * KERNEL + at_pair, grad_pointwise, mask=pair)


@triton.jit
def separable_signal_kernel(
    to_inputs, inputs, between, feedback, places, height, width, out_height, out_width,
    KERNEL: tl.constexpr, STRIDE: tl.constexpr, PADDING: tl.constexpr, DILATION: tl.constexpr,
    INNER_OUT: tl.constexpr, CHANNELS: tl.constexpr, INNER: tl.constexpr,
    BLOCK_P: tl.constexpr, BLOCK_C: tl.constexpr,
):  # fmt: skip
    """Compute the signal to one tile of the inputs, through depthwise feedback and ReLU."""
    channel, known, at, inside = own_tile(places, CHANNELS, INNER, BLOCK_P, BLOCK_C)
    place = tile_places(tl.program_id(0), BLOCK_P)
    valid = place < places
    image, y, x = pixel(place, height, width)
    total = tl.zeros((BLOCK_P, BLOCK_C), tl.float32)
    for tap in range(KERNEL * KERNEL):
        down = y + PADDING - (tap // KERNEL) * DILATION  # stride x row of the output
        right = x + PADDING - (tap % KERNEL) * DILATION
        row = down // STRIDE
        column = right // STRIDE
        hit = valid & (down >= 0) & (right >= 0) & (row < out_height) & (column < out_width)
        hit = hit & (down % STRIDE == 0) & (right % STRIDE == 0)
        source = (image * out_height + row) * out_width + column
        at_source = offsets(source[:, None], channel[None, :], CHANNELS, INNER_OUT)
        mask = hit[:, None] & known[None, :]
        signal = tl.load(between + at_source, mask=mask, other=0.0).to(tl.float32)
        at_tap = channel * (KERNEL * KERNEL) + tap
        weight = tl.load(feedback + at_tap, mask=known, other=0.0).to(tl.float32)
        total += signal * weight[None, :]
    value = tl.load(inputs + at, mask=inside, other=0.0).to(tl.float32)
    total = tl.where(value <= 0.0, 0.0, total)
    tl.store(to_inputs + at, total.to(to_inputs.dtype.element_ty), mask=inside)


def backward(
    received: Tensor, inputs: Tensor, depthwise: Tensor, feedback_depthwise: Tensor,
    feedback_pointwise: Tensor, stride: int, padding: int, dilation: int, sends: bool,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """See :func:`evonas.rules.kernels.separable.separable_backward_op`."""
    in_format, received = to_layout_of([inputs, received], inputs)
    batch, c_out, out_height, out_width = received.shape
    c_in, kernel = inputs.shape[1], depthwise.shape[-1]
    places, wide = batch * out_height * out_width, power_of_two(c_out, least=16)
    blocks = BACKWARD[wide]
    tiles = -(-places // blocks.places)
    programs, per_program = share_tiles(tiles, max_programs=MAX_PROGRAMS)
    between = torch.empty(
        (batch, c_in, out_height, out_width), dtype=received.dtype, device=received.device
    )
    between = empty_in_layout_of(between, received)
    parts = between.new_empty(programs, c_in * (kernel * kernel + c_out), dtype=torch.float32)
    geometry = {"KERNEL": kernel, "STRIDE": stride, "PADDING": padding, "DILATION": dilation}
    sizes = (*inputs.shape[2:], out_height, out_width)
    launch(
        separable_weights_kernel, (programs, -(-c_in // blocks.channels)), between, parts,
        received, in_format, depthwise.contiguous(), feedback_pointwise.contiguous(), places,
        *sizes, C_IN=c_in, C_OUT=c_out, INNER_IN=inner(in_format), INNER_OUT=inner(received),
        TILES=per_program, SLOTS=power_of_two(kernel * kernel), BLOCK_P=blocks.places,
        BLOCK_C=blocks.channels, BLOCK_O=wide, PRECISION=precision(inputs),
        num_warps=blocks.warps, num_stages=1, **geometry,
    )  # fmt: skip
    signal = inputs.new_empty(0)
    if sends:
        signal = empty_in_layout_of(inputs, inputs)
        tiles_in = tiling(signal)
        launch(
            separable_signal_kernel, tiles_in.programs, signal, in_format, between,
            feedback_depthwise.contiguous(), tiles_in.places, *sizes, INNER_OUT=inner(between),
            num_warps=4, **geometry, **tiles_in.constants,
        )  # fmt: skip
    return signal, parts.sum(0).to(depthwise.dtype)
