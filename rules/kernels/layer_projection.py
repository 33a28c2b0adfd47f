"""Signals of direct feedback to all layers of one forward pass, computed together."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, final

import torch
from torch import Tensor, nn

from evonas.rules.kernels.layout import is_channels_last, suits_kernels
from evonas.rules.kernels.projection import ProjectionTable, Receiver, project, projection_table

if TYPE_CHECKING:  # avoids an import cycle: direct rules use this module
    from evonas.rules.base import AbstractRuleLayer


@dataclass(frozen=True)
class _Call:
    """One layer in one forward pass: everything its receiver depends on except the feedback."""

    number: int
    input_shape: torch.Size
    stride: int
    padding: int
    dilation: int
    places: int  # number of outputs per channel and image

    def receiver(self, kernel: Tensor, *, is_averaged: bool) -> Receiver:
        scale = 1.0 / self.places if is_averaged else 1.0
        height, width = self.input_shape[2:] if len(self.input_shape) == 4 else (1, 1)
        return Receiver(
            kernel, (height, width), self.stride, self.padding, self.dilation, scale=scale
        )


@final
class LayerProjection:
    """Collects the layers of one forward pass, and computes all signals when the first is read.

    They are computed again if the same pass gets another error, from another loss.

    All inputs must have the same dtype and memory format.
    """

    def __init__(self) -> None:
        self._layers: list[AbstractRuleLayer] = []
        self._calls: list[_Call] = []
        self._dtype = torch.float32
        self._is_last: bool | None = None  # channels-last images? None before the first image
        self._signals: list[Tensor] = []
        self._error: Tensor | None = None  # that of the signals

    def join(self, layer: "AbstractRuleLayer", inputs: Tensor, outputs: Tensor) -> int | None:
        """The index of this layer's signal; None if it cannot be computed with the others."""
        call = _call(layer, inputs, outputs)
        if call is None or (self._calls and inputs.dtype != self._dtype):
            return None
        if inputs.dim() == 4:
            is_last = is_channels_last(inputs)
            if self._is_last not in (None, is_last):
                return None
            self._is_last = is_last
        self._dtype = inputs.dtype
        self._layers.append(layer)
        self._calls.append(call)
        return len(self._calls) - 1

    def signal(
        self,
        place: int,
        error: Tensor,
        *,
        kernel_of: Callable[["AbstractRuleLayer"], Tensor],
        is_averaged: bool,
        key: object,
    ) -> Tensor:
        """The signal to the layer at ``place``, of the shape of its input.

        Args:
            place: index that :meth:`join` returned.
            error: (batch, classes), the same for all layers.
            kernel_of: function that returns B for a layer; called once for each set of calls.
            is_averaged: whether to divide the signal by the number of output positions.
            key: identifies ``kernel_of`` and ``is_averaged`` in the cache of tables.
        """
        if self._error is not error:

            def make() -> ProjectionTable:
                pairs = zip(self._calls, self._layers, strict=True)
                return projection_table(
                    [c.receiver(kernel_of(la), is_averaged=is_averaged) for c, la in pairs],
                    batch=len(error),
                    channels_last=bool(self._is_last),
                )

            address = "projections", key, tuple(self._calls), self._is_last, error.device
            table = self._layers[0].connected.remember(address, make)
            self._signals = project(error, table, dtype=self._dtype)
            self._error = error
        return self._signals[place].view(self._calls[place].input_shape)


def _call(layer: "AbstractRuleLayer", inputs: Tensor, outputs: Tensor) -> _Call | None:
    if not suits_kernels(inputs):
        return None
    if isinstance(layer, nn.Linear) and inputs.dim() == 2:
        return _Call(layer.number, inputs.shape, 1, 0, 1, places=1)
    if not (isinstance(layer, nn.Conv2d) and inputs.dim() == 4 and layer.padding_mode == "zeros"):
        return None
    pairs = layer.kernel_size, layer.stride, layer.padding, layer.dilation
    if any(isinstance(pair, str) or pair[0] != pair[1] for pair in pairs):
        return None
    _, stride, padding, dilation = (int(pair[0]) for pair in pairs)
    return _Call(
        layer.number, inputs.shape, stride, padding, dilation, places=prod(outputs.shape[2:])
    )
