"""Memory formats of images: row-major or channels last."""

from collections.abc import Sequence

import torch
from torch import Tensor

INDEX_LIMIT = 2**31  # the kernels of images use signed indices of 32 bits


def is_channels_last(tensor: Tensor) -> bool:
    """Whether a tensor is (N, C, H, W) in channels-last format."""
    return tensor.dim() == 4 and tensor.is_contiguous(memory_format=torch.channels_last)


def memory_format(tensor: Tensor) -> torch.memory_format:
    """Channels last if the tensor is in that format, else contiguous."""
    return torch.channels_last if is_channels_last(tensor) else torch.contiguous_format


def empty_node(raws: Sequence[Tensor], plains: Sequence[Tensor]) -> Tensor:
    """An empty dense tensor like the first term, in its memory format."""
    first = raws[0] if raws else plains[0]
    return torch.empty_like(first, memory_format=memory_format(first))


def empty_in_layout_of(tensor: Tensor, model: Tensor) -> Tensor:
    """An empty tensor like ``tensor``, in the memory format of ``model``."""
    return torch.empty_like(tensor, memory_format=memory_format(model))


def output_shape(
    inputs: Tensor, depthwise: Tensor, pointwise: Tensor, stride: int, padding: int, dilation: int
) -> torch.Size:
    """The shape of the outputs of both convolutions."""
    reach = dilation * (depthwise.shape[-1] - 1) + 1
    height, width = ((size + 2 * padding - reach) // stride + 1 for size in inputs.shape[2:])
    return torch.Size([inputs.shape[0], pointwise.shape[0], height, width])


def empty_outputs(
    inputs: Tensor, depthwise: Tensor, pointwise: Tensor, stride: int, padding: int, dilation: int
) -> Tensor:
    """An empty tensor for the outputs of both convolutions, typed and laid out as the inputs."""
    return torch.empty(
        output_shape(inputs, depthwise, pointwise, stride, padding, dilation), dtype=inputs.dtype,
        device=inputs.device, memory_format=memory_format(inputs),
    )  # fmt: skip


def to_layout_of(tensors: Sequence[Tensor], model: Tensor) -> tuple[Tensor, ...]:
    """The tensors in the memory format of ``model``; those in another format are copied."""
    chosen = memory_format(model)
    return tuple(tensor.contiguous(memory_format=chosen) for tensor in tensors)


def is_addressable(tensor: Tensor) -> bool:
    """Whether 32-bit indices, as used by the kernels, can address all elements."""
    return tensor.numel() < INDEX_LIMIT


def suits_kernels(tensor: Tensor) -> bool:
    """Whether the kernels of images support a tensor: they compute in float32."""
    return tensor.dtype != torch.float64 and is_addressable(tensor)


def widened(tensor: Tensor) -> torch.dtype:
    """The dtype to compute in: float64 for float64, else float32."""
    return torch.promote_types(tensor.dtype, torch.float32)
