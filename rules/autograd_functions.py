"""Autograd functions whose backward pass goes through a feedback tensor, or around the layer.

``FeedbackConvolution`` and ``FeedbackLinear`` compute what torch computes, and send K(g; V) in the
place of K(g; W). The gradients of weight and bias are torch's and do not read the weight. Their
backward passes can be differentiated again, also with respect to the feedback.
``feedback_conv2d`` does the same by torch's own backward node where it can.
``CustomInputGradient`` and ``BroadcastError`` give the input of a layer whatever a function makes,
without a pass through the layer.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from evonas.errors import RuleError

Pair = tuple[int, int]
Geometry = tuple[Pair, Pair, Pair, int]  # stride, padding, dilation, groups


class FeedbackConvolution(Function):
    """conv2d that sends K(g; feedback); zero padding, the same on both sides."""

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
    """A linear map that sends g V; any number of leading dimensions."""

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
        """Signal to the input, gradients of weight and bias."""
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
    """Outputs computed from a detached input, which gets its gradient from a function instead."""

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
        """Save the function that makes the signal."""
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
    """The logits; their gradient, the error, is sent by a function to the inputs of the layers.

    This does for all layers at once what :class:`CustomInputGradient` does for one. No hook
    carries the error, so it can be compiled and transformed. All signals exist at the same time,
    which takes memory.
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
        """Save the function that makes the signals."""
        ctx.send = inputs[1]

    @staticmethod
    def backward(ctx: Any, error: Tensor) -> tuple[Tensor | None, ...]:
        """The error, passed on to what computed the logits, and the signal to each input."""
        return (error, None, *ctx.send(error))


def is_eager() -> bool:
    """Whether this code runs eagerly: neither compiled nor under a transform of torch.func."""
    return not (torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active())


def apply(function: type[Function], *args: Any) -> Tensor:
    """``function.apply``; when eager, without the signature binding that torch.func needs."""
    chosen: Any = FAST[function] if is_eager() else function
    outputs: Tensor = chosen.apply(*args)
    return outputs


def feedback_conv2d(
    inputs: Tensor, weight: Tensor, bias: Tensor | None, feedback: Tensor, geometry: Geometry
) -> Tensor:
    """conv2d that sends K(g; feedback), by the fastest available implementation.

    That is torch's own function: it saves the weight for K(g; W) alone, and a hook gives it the
    feedback instead. :class:`FeedbackConvolution` is used where other hooks handle saved tensors
    (activation checkpointing), under compilation or torch.func, and where the feedback itself
    needs a gradient.

    Args:
        inputs: (N, C_in, H, W).
        weight: (C_out, C_in / groups, k, k).
        bias: (C_out,), or None.
        feedback: of the weight's shape.
        geometry: stride, padding, dilation, groups.

    Returns:
        (N, C_out, H', W').

    Raises:
        RuleError: in the backward pass, when it is asked for a graph of its own.
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
    """The tensors in the dtype that torch's autocast gives a convolution or a linear map."""
    inputs = tensors[0]
    if inputs is None or not torch.is_autocast_enabled(inputs.device.type):
        return tensors
    dtype = torch.get_autocast_dtype(inputs.device.type)
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
    """The same function with forward and context in one, which torch calls with less overhead."""

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
