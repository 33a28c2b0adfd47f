"""ReLU, depthwise and pointwise convolution, fused with the statistics of their output.

This is half of a separable or dilated convolution of DARTS (Liu, Simonyan and Yang 2019), up to
its batch normalisation. In the backward pass, a feedback tensor replaces each weight: the
pointwise layer sends K(g; V_p), the depthwise layer K(.; V_d), and both learn C(x, g) from the
signal they received. V = W gives back-propagation.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from evonas.errors import RuleError
from evonas.rules.kernels.layout import (
    INDEX_LIMIT,
    empty_in_layout_of,
    empty_outputs,
    output_shape,
    suits_kernels,
    widened,
)
from evonas.rules.kernels.transforms import refuse_vmap

MAX_CHANNELS = 256  # output channels of the pointwise layer that one kernel program can handle


def convolve_separably(
    inputs: Tensor,
    *,
    depthwise: Tensor,
    pointwise: Tensor,
    feedback_depthwise: Tensor,
    feedback_pointwise: Tensor,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
) -> tuple[Tensor, Tensor, Tensor]:
    """The outputs z = pointwise(depthwise(relu(inputs))), their means and biased variances.

    Differentiable in the inputs and both weights. Mean and variance have no gradient, because
    :func:`evonas.rules.kernels.join` includes the gradient through them in the gradient of z.

    Args:
        inputs: (batch, C_in, height, width), in either memory format.
        depthwise: (C_in, 1, k, k).
        pointwise: (C_out, C_in, 1, 1).
        feedback_depthwise: of the shape of ``depthwise``, any floating type; gets no gradient.
        feedback_pointwise: of the shape of ``pointwise``, any floating type; gets no gradient.
        stride: stride of the depthwise layer.
        padding: zero padding of the depthwise layer.
        dilation: dilation of the depthwise layer.

    Returns:
        z (batch, C_out, height', width') in dtype and memory format of the inputs, and its mean
        and variance (C_out,), in float32 or higher precision.

    Raises:
        RuleError: the shapes are inconsistent.
    """
    c_in, kernel = depthwise.shape[0], depthwise.shape[-1]
    expected = (c_in, 1, kernel, kernel), (pointwise.shape[0], c_in, 1, 1)
    found = [
        tuple(w.shape) for w in (depthwise, pointwise, feedback_depthwise, feedback_pointwise)
    ]
    if inputs.dim() != 4 or inputs.shape[1] != c_in or found != [*expected, *expected]:
        raise RuleError(
            "convolve_separably: expected inputs (batch, C_in, height, width), weights "
            "(C_in, 1, k, k) and (C_out, C_in, 1, 1), and feedback of their shapes, got "
            f"{tuple(inputs.shape)} and {', '.join(map(str, found))}"
        )
    z, mean, variance = separable_op(
        inputs, depthwise, pointwise, feedback_depthwise.detach(), feedback_pointwise.detach(),
        stride, padding, dilation,
    )  # fmt: skip
    return z, mean, variance


@torch.library.custom_op("evonas::separable", mutates_args=(), device_types="cuda")
def separable_op(
    inputs: Tensor, depthwise: Tensor, pointwise: Tensor, feedback_depthwise: Tensor,
    feedback_pointwise: Tensor, stride: int, padding: int, dilation: int,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """:func:`convolve_separably` on a GPU."""
    from evonas.rules.kernels.device.separable import forward

    geometry = depthwise, pointwise, stride, padding, dilation
    if _fits(inputs, output_shape(inputs, *geometry)):
        return forward(inputs, *geometry)
    z, mean, variance = reference(
        inputs, depthwise, pointwise, feedback_depthwise, feedback_pointwise, stride, padding,
        dilation,
    )  # fmt: skip
    return z, mean, variance


@separable_op.register_kernel("cpu")
def reference(
    inputs: Tensor, depthwise: Tensor, pointwise: Tensor, feedback_depthwise: Tensor,
    feedback_pointwise: Tensor, stride: int, padding: int, dilation: int,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """:func:`convolve_separably` in ATen, computed in float32 or higher precision."""
    del feedback_depthwise, feedback_pointwise  # used only in the backward pass
    z = empty_outputs(inputs, depthwise, pointwise, stride, padding, dilation)
    wide, c_in = widened(inputs), inputs.shape[1]
    with torch.autocast(inputs.device.type, enabled=False):
        active = inputs.relu().to(wide)
        hidden = F.conv2d(active, depthwise.to(wide), None, stride, padding, dilation, c_in)
        z.copy_(F.conv2d(hidden, pointwise.to(wide)))
    variance, mean = torch.var_mean(z.to(wide), (0, 2, 3), correction=0)
    return z, mean, variance


@separable_op.register_fake
def _(
    inputs: Tensor, depthwise: Tensor, pointwise: Tensor, feedback_depthwise: Tensor,
    feedback_pointwise: Tensor, stride: int, padding: int, dilation: int,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    del feedback_depthwise, feedback_pointwise
    z = empty_outputs(inputs, depthwise, pointwise, stride, padding, dilation)
    mean = inputs.new_empty(pointwise.shape[0], dtype=widened(inputs))
    return z, mean, torch.empty_like(mean)


@torch.library.custom_op("evonas::separable_backward", mutates_args=(), device_types="cuda")
def separable_backward_op(
    received: Tensor, inputs: Tensor, depthwise: Tensor, feedback_depthwise: Tensor,
    feedback_pointwise: Tensor, stride: int, padding: int, dilation: int, sends: bool,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The signal to the inputs (empty unless ``sends``) and both weights' gradients, on a GPU.

    The gradients are in one flat tensor, depthwise first, so that one launch can sum them.
    """
    from evonas.rules.kernels.device.separable_backward import backward

    options = (
        received, inputs, depthwise, feedback_depthwise, feedback_pointwise, stride, padding,
        dilation, sends,
    )  # fmt: skip
    if _fits(inputs, received.shape):
        return backward(*options)
    signal, gradients = reference_backward(*options)
    return signal, gradients


@separable_backward_op.register_kernel("cpu")
def reference_backward(
    received: Tensor, inputs: Tensor, depthwise: Tensor, feedback_depthwise: Tensor,
    feedback_pointwise: Tensor, stride: int, padding: int, dilation: int, sends: bool,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """:func:`separable_backward_op` in ATen, one layer after the other."""
    wide = widened(inputs)
    active, c_in = inputs.relu().to(wide), inputs.shape[1]
    with torch.autocast(inputs.device.type, enabled=False):
        hidden = F.conv2d(active, depthwise.to(wide), None, stride, padding, dilation, c_in)
    between, to_pointwise, _ = torch.ops.aten.convolution_backward(
        received.to(wide), hidden, feedback_pointwise.to(wide), None, (1, 1), (0, 0), (1, 1),
        False, (0, 0), 1, (True, True, False),
    )  # fmt: skip
    sent, to_depthwise, _ = torch.ops.aten.convolution_backward(
        between, active, feedback_depthwise.to(wide), None, (stride,) * 2, (padding,) * 2,
        (dilation,) * 2, False, (0, 0), c_in, (sends, True, False),
    )  # fmt: skip
    gradients = torch.cat([to_depthwise.flatten(), to_pointwise.flatten()]).to(depthwise.dtype)
    if not sends:
        return inputs.new_empty(0), gradients
    return empty_in_layout_of(inputs, inputs).copy_(sent * (inputs > 0)), gradients


@separable_backward_op.register_fake
def _(
    received: Tensor, inputs: Tensor, depthwise: Tensor, feedback_depthwise: Tensor,
    feedback_pointwise: Tensor, stride: int, padding: int, dilation: int, sends: bool,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    del received, feedback_depthwise, stride, padding, dilation
    signal = empty_in_layout_of(inputs, inputs) if sends else inputs.new_empty(0)
    return signal, depthwise.new_empty(depthwise.numel() + feedback_pointwise.numel())


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    x, depthwise, _, feedback_depthwise, feedback_pointwise, *geometry = inputs
    ctx.save_for_backward(x, depthwise, feedback_depthwise, feedback_pointwise)
    ctx.geometry = geometry
    ctx.mark_non_differentiable(*output[1:])
    ctx.set_materialize_grads(False)  # else autograd fills unused gradients with zeros


def _backward(ctx: Any, received: Tensor | None, *_: Tensor | None) -> Any:
    if received is None:
        return (None,) * 8
    _, depthwise, _, feedback_pointwise = ctx.saved_tensors
    sends = ctx.needs_input_grad[0]
    signal, gradients = separable_backward_op(received, *ctx.saved_tensors, *ctx.geometry, sends)
    to_depthwise = gradients[: depthwise.numel()].view(depthwise.shape)
    to_pointwise = gradients[depthwise.numel() :].view(feedback_pointwise.shape)
    return signal if sends else None, to_depthwise, to_pointwise, None, None, None, None, None


separable_op.register_autograd(_backward, setup_context=_keep)
refuse_vmap("evonas::separable", "evonas::separable_backward")


def _fits(inputs: Tensor, outputs: torch.Size) -> bool:
    """Whether the kernels support these shapes; the reference supports all shapes."""
    batch, channels, height, width = outputs
    between = batch * inputs.shape[1] * height * width  # elements of the depthwise outputs
    return (
        suits_kernels(inputs)
        and channels <= MAX_CHANNELS
        and max(between, outputs.numel()) < INDEX_LIMIT
    )
