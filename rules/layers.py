"""Convolution and linear layer that learn by a rule, and otherwise behave like torch's own.

Parameters, initialisation, state_dict and outputs are those of ``nn.Conv2d`` and ``nn.Linear``.
"""

from collections.abc import Sequence
from typing import Literal, final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from evonas.rules.autograd_functions import Pair, feedback_conv2d, feedback_linear
from evonas.rules.base import AbstractRule, AbstractRuleLayer


@final
class RuleConv2d(nn.Conv2d, AbstractRuleLayer):
    """``nn.Conv2d`` under a rule; any stride, padding, padding mode, dilation and groups."""

    channel_axis = -3

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        stride: int | Pair = 1,
        padding: int | Pair | str = 0,
        dilation: int | Pair = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: Literal["zeros", "reflect", "replicate", "circular"] = "zeros",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        rule: AbstractRule,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias,
            padding_mode, device, dtype,
        )  # fmt: skip
        _attach_rule(self, rule)

    # (batch, C_in, H, W) or (C_in, H, W) to the same with C_out channels
    forward = AbstractRuleLayer.forward  # type: ignore[assignment] # torch calls it input

    def run_exactly(self, inputs: Tensor) -> Tensor:
        """The outputs as torch computes and differentiates them."""
        return nn.Conv2d.forward(self, inputs)

    def run_through(self, inputs: Tensor, *, feedback: Tensor, learns: bool = True) -> Tensor:
        """The exact outputs; the backward pass sends K(g; feedback)."""
        if inputs.dim() == 3:
            batch = inputs.unsqueeze(0)
            return self.run_through(batch, feedback=feedback, learns=learns).squeeze(0)
        padding = self.padding
        if isinstance(padding, str) or self.padding_mode != "zeros":
            inputs, padding = self._pad(inputs)
        own = self._parameters  # costs a quarter of an attribute access
        weight: Tensor | None = own.get("weight")
        if weight is None or not learns:  # a parametrised weight is not in _parameters
            weight = self.weight if learns else self.weight.detach()
        bias = own["bias"] if "bias" in own else self.bias  # noqa: SIM401 - get reads both
        geometry = self.stride, padding, self.dilation, self.groups
        return feedback_conv2d(inputs, weight, bias, feedback, geometry)  # type: ignore[arg-type]

    def correlate(self, inputs: Tensor, signal: Tensor) -> Tensor:
        """C(x, M), by torch's own pass for the weight gradient, which does not unfold patches."""
        if inputs.dim() == 3:
            return self.correlate(inputs.unsqueeze(0), signal.unsqueeze(0))
        padded, padding = self._pad(inputs)
        weight = self.weight.to(signal.dtype)  # only its shape matters
        found: Tensor = torch.ops.aten.convolution_backward(
            signal, padded, weight, None, self.stride, padding, self.dilation,
            False, (0, 0), self.groups, (False, True, False),
        )[1]  # fmt: skip
        return found

    def projection_shape(self, num_errors: int) -> torch.Size:
        """(errors, C_in, k, k)."""
        return torch.Size([num_errors, self.in_channels, *self.kernel_size])

    def spread(self, projection: Tensor, *, input_shape: torch.Size) -> Tensor:
        """The signal to an image from a unit value of each error at every output position.

        It is the transposed convolution with ``projection`` as its weight, without groups and with
        the layer's padding: (errors, C_in, H, W).
        """
        num_errors = projection.shape[0]
        units = torch.eye(num_errors, dtype=projection.dtype, device=projection.device)
        with torch.autocast(projection.device.type, enabled=False):
            if self.padding_mode == "zeros":
                return self._transposed(units[..., None, None], projection, input_shape[-2:])
            with torch.enable_grad():
                image = projection.new_zeros(num_errors, *input_shape[1:], requires_grad=True)
                padded, _ = self._pad(image)
                errors = F.conv2d(padded, projection, None, self.stride, 0, self.dilation)
                (sent,) = torch.autograd.grad(
                    errors, image, units[..., None, None].expand_as(errors)
                )
        return sent

    def _transposed(self, errors: Tensor, projection: Tensor, size: Sequence[int]) -> Tensor:
        """The signal to an image of this size from errors that are equal at all positions."""
        left, right, top, bottom = self._reversed_padding_repeated_twice
        height, width = size[0] + top + bottom, size[1] + left + right
        reach = [d * (k - 1) + 1 for d, k in zip(self.dilation, self.kernel_size, strict=True)]
        outputs = [
            (length - r) // s + 1
            for length, r, s in zip((height, width), reach, self.stride, strict=True)
        ]
        unseen = [
            length - r - s * (n - 1)
            for length, r, s, n in zip((height, width), reach, self.stride, outputs, strict=True)
        ]
        spread = errors.expand(*errors.shape[:2], *outputs)
        sent = F.conv_transpose2d(
            spread, projection, None, self.stride, 0, tuple(unseen), 1, self.dilation
        )
        return sent[..., top : top + size[0], left : left + size[1]]

    def _pad(self, inputs: Tensor) -> tuple[Tensor, Pair]:
        """Pad the input unless the convolution can, and return it with the remaining padding."""
        left, right, top, bottom = self._reversed_padding_repeated_twice
        if self.padding_mode == "zeros":
            if left == right and top == bottom:
                return inputs, (top, left)
            return F.pad(inputs, (left, right, top, bottom)), (0, 0)
        return F.pad(inputs, (left, right, top, bottom), mode=self.padding_mode), (0, 0)


@final
class RuleLinear(nn.Linear, AbstractRuleLayer):
    """``nn.Linear`` under a rule; inputs may have any number of leading dimensions."""

    groups = 1
    channel_axis = -1

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        rule: AbstractRule,
    ) -> None:
        super().__init__(in_features, out_features, bias, device, dtype)
        _attach_rule(self, rule)

    # (..., in_features) to (..., out_features)
    forward = AbstractRuleLayer.forward  # type: ignore[assignment] # torch calls it input

    def run_exactly(self, inputs: Tensor) -> Tensor:
        """The outputs as torch computes and differentiates them."""
        return nn.Linear.forward(self, inputs)

    def run_through(self, inputs: Tensor, *, feedback: Tensor, learns: bool = True) -> Tensor:
        """The exact outputs; the backward pass sends ``g @ feedback``."""
        weight = self.weight if learns else self.weight.detach()
        return feedback_linear(inputs, weight, self.bias, feedback)

    def correlate(self, inputs: Tensor, signal: Tensor) -> Tensor:
        """C(x, M): the sum of the outer products of signal and input."""
        return signal.reshape(-1, self.out_features).t() @ inputs.reshape(-1, self.in_features)

    def projection_shape(self, num_errors: int) -> torch.Size:
        """(errors, in_features)."""
        return torch.Size([num_errors, self.in_features])

    def spread(self, projection: Tensor, *, input_shape: torch.Size) -> Tensor:  # noqa: ARG002
        """The projection itself: (errors, in_features)."""
        return projection


def _attach_rule(layer: AbstractRuleLayer, rule: AbstractRule) -> None:
    layer.rule = rule
    layer.wiring = None
    layer.number = 0
    layer.register_buffer("kept", None, persistent=False)
    layer.register_module("head", None)
