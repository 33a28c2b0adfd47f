"""The backward passes that torch does not have: through a feedback tensor, and from the error.

``ThroughConvolution`` and ``ThroughLinear`` compute what torch computes and send K(g; V) in
place of K(g; W); the gradients of weight and bias are torch's, and never read the weight. Their
backward passes can be differentiated in turn, in the feedback too. ``convolve`` does the same
without a function of ours in the backward pass. ``FromElsewhere`` sends whatever a function gives,
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


class ThroughConvolution(Function):
    """conv2d that sends K(g; feedback); zero padding on both sides alike."""

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
        """Keep the input and the feedback; the weight is not needed."""
        x, _, bias, feedback, geometry = inputs
        ctx.save_for_backward(x, feedback)
        ctx.bias_shape = None if bias is None else list(bias.shape)
        ctx.geometry = geometry

    @staticmethod
    def backward(ctx: Any, received: Tensor) -> tuple[Tensor | None, ...]:
        """Signal to the input, gradients of weight and bias, in one call."""
        x, feedback = ctx.saved_tensors
        stride, padding, dilation, groups = ctx.geometry
        sent, grad_weight, grad_bias = torch.ops.aten.convolution_backward(
            received, x, feedback, ctx.bias_shape, stride, padding, dilation,
            False, (0, 0), groups, ctx.needs_input_grad[:3],
        )  # fmt: skip
        return sent, grad_weight, grad_bias, None, None


class ThroughLinear(Function):
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
        """Keep the input and the feedback; the weight is not needed."""
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


class FromElsewhere(Function):
    """Joins outputs, computed from a detached input, to a signal that does not pass the layer."""

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
        """Keep the function that makes the signal."""
        ctx.send = inputs[2]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, received: Tensor) -> tuple[Tensor | None, ...]:
        """What was received goes on to the layer's weights; the input gets ``send(received)``."""
        outputs_need, inputs_need, _ = ctx.needs_input_grad
        return (
            received if outputs_need else None,
            ctx.send(received) if inputs_need else None,
            None,
        )


class FromLogits(Function):
    """Joins logits to the inputs of layers, to which a function sends the gradient of the logits.

    What :class:`FromElsewhere` does by layers, in one place: no hook has to carry the gradient, so
    this can be compiled and transformed. All that is sent is there at once, which takes memory.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(
        logits: Tensor,
        send: Callable[[Tensor], list[Tensor]],  # noqa: ARG004
        *inputs: Tensor,  # noqa: ARG004
    ) -> Tensor:
        """The logits, copied: a compiler makes views of what it gives back anew, past this."""
        return logits.clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ARG004
        """Keep the function that makes the signals."""
        ctx.send = inputs[1]

    @staticmethod
    def backward(ctx: Any, error: Tensor) -> tuple[Tensor | None, ...]:
        """The error goes on to what made the logits; the inputs get what is made of it."""
        return (error, None, *ctx.send(error))


def is_plain() -> bool:
    """Whether what runs now is neither compiled nor under a transform of torch.func."""
    return not (torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active())


def apply(function: type[Function], *args: Any) -> Tensor:
    """``function.apply``, without the binding of a signature that only torch.func needs."""
    chosen: Any = QUICK[function] if is_plain() else function
    outputs: Tensor = chosen.apply(*args)
    return outputs


def convolve(
    inputs: Tensor, weight: Tensor, bias: Tensor | None, feedback: Tensor, geometry: Geometry
) -> Tensor:
    """conv2d that sends K(g; feedback), by the shortest way there is.

    That is torch's own function, which saves the weight for K(g; W) and for nothing else, with
    the feedback put in its place. Where hooks of others take what is saved, as a checkpoint does,
    where a transform looks at the backward pass, and where the feedback itself is to get a
    gradient, it is :class:`ThroughConvolution`.
    """
    if (
        feedback.requires_grad
        or not is_plain()
        or torch._C._autograd._top_saved_tensors_default_hooks(True) is not None
    ):
        tensors = _as_autocast(inputs, weight, bias, feedback)
        return apply(ThroughConvolution, *tensors, geometry)
    outputs = F.conv2d(inputs, weight, bias, *geometry)
    node: Any = outputs.grad_fn
    if node is not None and inputs.requires_grad:
        if feedback.dtype != outputs.dtype:  # under autocast
            feedback = feedback.to(outputs.dtype)
        node._raw_saved_weight.register_hooks(lambda _: feedback, _only_once)
    return outputs


def multiply(inputs: Tensor, weight: Tensor, bias: Tensor | None, feedback: Tensor) -> Tensor:
    """A linear map that sends g feedback."""
    return apply(ThroughLinear, *_as_autocast(inputs, weight, bias, feedback))


def _as_autocast(*tensors: Tensor | None) -> tuple[Tensor | None, ...]:
    """The tensors as torch's autocast would hand them to a convolution or a linear map."""
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


def _quick(function: Any) -> type[Function]:
    """The same function with outputs and context in one, which torch calls with less ado."""

    def forward(ctx: Any, *args: Any) -> Tensor:
        outputs: Tensor = function.forward(*args)
        function.setup_context(ctx, args, outputs)
        return outputs

    passes = {"forward": staticmethod(forward), "backward": staticmethod(function.backward)}
    return type(f"Quick{function.__name__}", (Function,), passes)


QUICK: dict[type[Function], type[Function]] = {
    function: _quick(function) for function in (ThroughConvolution, ThroughLinear, FromElsewhere)
}
