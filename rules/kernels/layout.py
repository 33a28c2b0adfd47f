"""In which order the elements of images lie, and tensors that follow it."""

from collections.abc import Sequence

import torch
from torch import Tensor


def is_channels_last(tensor: Tensor) -> bool:
    """Whether a tensor (N, C, H, W), and no other, lies channels last."""
    return tensor.dim() == 4 and tensor.is_contiguous(memory_format=torch.channels_last)


def memory_format(tensor: Tensor) -> torch.memory_format:
    """Channels last where a tensor lies so, else row by row."""
    return torch.channels_last if is_channels_last(tensor) else torch.contiguous_format


def empty_node(raws: Sequence[Tensor], plains: Sequence[Tensor]) -> Tensor:
    """A tensor like the first of these, in its memory format and without gaps."""
    first = raws[0] if raws else plains[0]
    return torch.empty_like(first, memory_format=memory_format(first))


def empty_alike(tensor: Tensor, model: Tensor) -> Tensor:
    """A tensor of the shape and type of the first that lies as ``model`` does."""
    return torch.empty_like(tensor, memory_format=memory_format(model))


def empty_outputs(
    inputs: Tensor, depthwise: Tensor, pointwise: Tensor, stride: int, padding: int, dilation: int
) -> Tensor:
    """A tensor for what the two convolutions give, typed and laid out as the inputs."""
    reach = dilation * (depthwise.shape[-1] - 1) + 1
    height, width = ((size + 2 * padding - reach) // stride + 1 for size in inputs.shape[2:])
    return torch.empty(
        (inputs.shape[0], pointwise.shape[0], height, width), dtype=inputs.dtype,
        device=inputs.device, memory_format=memory_format(inputs),
    )  # fmt: skip


def alike(tensors: Sequence[Tensor], model: Tensor) -> tuple[Tensor, ...]:
    """The tensors, copied where they do not lie as ``model`` does."""
    chosen = memory_format(model)
    return tuple(tensor.contiguous(memory_format=chosen) for tensor in tensors)


def is_addressable(tensor: Tensor) -> bool:
    """Whether 32 bits number its elements, as the kernels do."""
    return tensor.numel() < 2**31


def widened(tensor: Tensor) -> torch.dtype:
    """The type to compute in: float32, or float64 for float64."""
    return torch.promote_types(tensor.dtype, torch.float32)
