"""Autograd functions whose backward pass goes through a feedback tensor or bypasses the layer.

``FeedbackConvolution`` and ``FeedbackLinear`` compute the same outputs as torch, but send K(g; V)
instead of K(g; W). The gradients of weight and bias are those of torch and do not read the weight.
Their backward passes are differentiable, also with respect to the feedback.
``feedback_conv2d`` does the same through torch's own backward node where possible.
``CustomInputGradient`` and ``BroadcastError`` take the gradient of a layer's input from a function
instead of a backward pass through the layer.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from evonas.errors import RuleError
from evonas.rules.autocast import autocast_dtype

Pair = tuple[int, int]
Geometry = tuple[Pair, Pair, Pair, int]  # stride, padding, dilation, groups


class FeedbackConvolution(Function):
    """conv2d that sends K(g; feedback); symmetric zero padding only."""

    generate_vmap_rule = True

    @staticmethod
    def forward(
        inputs: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        feedback: Tensor,  # noqa: ARG004
        geometry: Geometry,
    ) -> Tensor:
        """The outputs of ``torch.nn.functional.conv2d``."""
        return F.conv2d(inputs, weight, bias, *geometry)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ARG004
        """Save the input and the feedback; the weight is not needed."""
        x, _, bias, feedback, geometry = inputs
        ctx.save_for_backward(x, feedback)
        ctx.bias_shape = None if bias is None else list(bias.shape)
        ctx.geometry = geometry

    @staticmethod
    def backward(ctx: Any, received: Tensor) -> tuple[Tensor | None, ...]:
        """The signal to the input and the gradients of weight and bias, in one call."""
        x, feedback = ctx.saved_tensors
        stride, padding, dilation, groups = ctx.geometry
        sent, grad_weight, grad_bias = torch.ops.aten.convolution_backward(
            received, x, feedback, ctx.bias_shape, stride, padding, dilation,
            False, (0, 0), groups, ctx.needs_input_grad[:3],
        )  # fmt: skip
        return sent, grad_weight, grad_bias, None, None


class FeedbackLinear(Function):
    """A linear map that sends g V; inputs may have any number of leading dimensions."""

    generate_vmap_rule = True

    @staticmethod
    def forward(
        inputs: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        feedback: Tensor,  # noqa: ARG004
    ) -> Tensor:
        """The outputs of ``torch.nn.functional.linear``."""
        return F.linear(inputs, weight, bias)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ARG004
        """Save the input and the feedback; the weight is not needed."""
        x, _, _, feedback = inputs
        ctx.save_for_backward(x, feedback)

    @staticmethod
    def backward(ctx: Any, received: Tensor) -> tuple[Tensor | None, ...]:
        """The signal to the input and the gradients of weight and bias."""
        x, feedback = ctx.saved_tensors
        rows = received.reshape(-1, received.shape[-1])
        sent = grad_weight = grad_bias = None
        if ctx.needs_input_grad[0]:
            sent = received @ feedback
        if ctx.needs_input_grad[1]:
            grad_weight = rows.t() @ x.reshape(-1, x.shape[-1])
        if ctx.needs_input_grad[2]:
            grad_bias = rows.sum(0)
        return sent, grad_weight, grad_bias, None


class CustomInputGradient(Function):
    """Outputs computed from a detached input, whose gradient comes from a function instead."""

    @staticmethod
    def forward(
        outputs: Tensor,
        inputs: Tensor,  # noqa: ARG004
        send: Callable[[Tensor], Tensor],  # noqa: ARG004
    ) -> Tensor:
        """The outputs."""
        return outputs.view_as(outputs)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ARG004
        """Save the function that computes the signal."""
        ctx.send = inputs[2]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, received: Tensor) -> tuple[Tensor | None, ...]:
        """The received signal for the outputs, and ``send(received)`` for the input."""
        outputs_need, inputs_need, _ = ctx.needs_input_grad
        return (
            received if outputs_need else None,
            ctx.send(received) if inputs_need else None,
            None,
        )


class BroadcastError(Function):
    """Passes the logits through and sends their gradient, the error, to the inputs of the layers.

    Does for all layers at once what :class:`CustomInputGradient` does for one. No hook carries the
    error, so the function can be compiled and transformed. All signals exist at the same time,
    which costs memory.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(
        logits: Tensor,
        send: Callable[[Tensor], list[Tensor]],  # noqa: ARG004
        *inputs: Tensor,  # noqa: ARG004
    ) -> Tensor:
        """A copy of the logits: a compiler would rebuild a view and so bypass this function."""
        return logits.clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ARG004
        """Save the function that computes the signals."""
        ctx.send = inputs[1]

    @staticmethod
    def backward(ctx: Any, error: Tensor) -> tuple[Tensor | None, ...]:
        """The error, passed on unchanged to the logits, and the signal to each input."""
        return (error, None, *ctx.send(error))


def is_eager() -> bool:
    """Whether this code runs eagerly: neither compiled nor under a transform of torch.func."""
    return not (torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active())


def apply(function: type[Function], *args: Any) -> Tensor:
    """``function.apply``; in eager mode, skips the signature binding that torch.func needs."""
    chosen: Any = FAST[function] if is_eager() else function
    outputs: Tensor = chosen.apply(*args)
    return outputs


def feedback_conv2d(
    inputs: Tensor, weight: Tensor, bias: Tensor | None, feedback: Tensor, geometry: Geometry
) -> Tensor:
    """conv2d that sends K(g; feedback), by the fastest available implementation.

    The fastest is torch's own function: it saves the weight only to compute K(g; W), so a hook
    substitutes the feedback for the saved weight. :class:`FeedbackConvolution` is used where other
    hooks handle saved tensors (activation checkpointing), under compilation or torch.func, and
    where the feedback itself needs a gradient.

    Args:
        inputs: (N, C_in, H, W).
        weight: (C_out, C_in / groups, k, k).
        bias: (C_out,), or None.
        feedback: of the weight's shape.
        geometry: stride, padding, dilation, groups.

    Returns:
        (N, C_out, H', W').

    Raises:
        RuleError: in the backward pass, if it is called with ``create_graph=True``.
    """
    if (
        feedback.requires_grad
        or not is_eager()
        or torch._C._autograd._top_saved_tensors_default_hooks(True) is not None
    ):
        tensors = _as_autocast(inputs, weight, bias, feedback)
        return apply(FeedbackConvolution, *tensors, geometry)
    outputs = F.conv2d(inputs, weight, bias, *geometry)
    node: Any = outputs.grad_fn
    if node is not None and inputs.requires_grad:
        if feedback.dtype != outputs.dtype:  # under autocast
            feedback = feedback.to(outputs.dtype)
        node._raw_saved_weight.register_hooks(lambda _: feedback, _only_once)
    return outputs


def feedback_linear(
    inputs: Tensor, weight: Tensor, bias: Tensor | None, feedback: Tensor
) -> Tensor:
    """A linear map (..., in) to (..., out) that sends g feedback, (..., in)."""
    return apply(FeedbackLinear, *_as_autocast(inputs, weight, bias, feedback))


def _as_autocast(*tensors: Tensor | None) -> tuple[Tensor | None, ...]:
    """The tensors, cast to the dtype that autocast uses for a convolution or a linear map."""
    inputs = tensors[0]
    dtype = None if inputs is None else autocast_dtype(inputs.device)
    if dtype is None:
        return tensors
    return tuple(
        tensor if tensor is None or tensor.dtype == torch.float64 else tensor.to(dtype)
        for tensor in tensors
    )


def _only_once(feedback: Tensor) -> Tensor:
    if torch.is_grad_enabled():
        raise RuleError(
            "create_graph=True asks for the derivative of a signal through fixed feedback: "
            "record the forward pass within `with true_gradient(network):`, or in a mixture of "
            "rules whose shares require a gradient"
        )
    return feedback


def _fast(function: Any) -> type[Function]:
    """A variant with ``forward`` and ``setup_context`` merged, which has less call overhead."""

    def forward(ctx: Any, *args: Any) -> Tensor:
        outputs: Tensor = function.forward(*args)
        function.setup_context(ctx, args, outputs)
        return outputs

    passes = {"forward": staticmethod(forward), "backward": staticmethod(function.backward)}
    return type(f"Fast{function.__name__}", (Function,), passes)


FAST: dict[type[Function], type[Function]] = {
    function: _fast(function)
    for function in (FeedbackConvolution, FeedbackLinear, CustomInputGradient)
}
