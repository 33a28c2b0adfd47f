"""Stochastic gradient descent on one flat tensor that holds all parameters of a network.

The parameters become views of it, so that one kernel launch updates all of them, and one launch
can compute the feedback weights of all layers (``evonas.rules.feedback_cache``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn

from evonas.evaluation.training.descent import AbstractDescent
from evonas.rules.kernels import ParameterSegment, ParameterTable, parameter_table, sgd_step

ALIGNMENT = 16  # elements: tensor cores need weights that start at a multiple of 16 bytes


@dataclass(frozen=True)
class _Place:
    """The range of one parameter in the flat tensors, including the padding behind it."""

    parameter: nn.Parameter
    begin: int
    end: int
    settings: tuple[float, float, float]  # learning rate, momentum, weight decay

    def view_of(self, flat: Tensor) -> Tensor:
        """View the range in the parameter's shape; convolution kernels are channels last."""
        shape = self.parameter.shape
        part = flat[self.begin : self.begin + self.parameter.numel()]
        if len(shape) != 4:
            return part.view(shape)
        out, channels, height, width = shape
        return part.view(out, height, width, channels).permute(0, 3, 1, 2)


@final
class FlatDescent(AbstractDescent):
    """Like :class:`Descent`, in one launch for all groups.

    The parameters are moved into the flat tensor, and back into memory of their own on release.

    Args:
        groups: result of :func:`evonas.rules.parameter_groups`, all of one dtype and device.
    """

    def __init__(self, groups: Sequence[dict[str, Any]]) -> None:
        self._places: list[_Place] = []
        end = 0
        for group in groups:
            settings = group["lr"], group["momentum"], group["weight_decay"]
            for parameter in group["params"]:
                begin, end = end, end + -(-parameter.numel() // ALIGNMENT) * ALIGNMENT
                self._places.append(_Place(parameter, begin, end, settings))
        self._nesterov = any(group["nesterov"] for group in groups)
        first = self._places[0].parameter.detach()
        self._flat = first.new_zeros(end)
        self._velocities, self._gradients = torch.zeros_like(self._flat), first.new_zeros(end)
        longest = max(place.end - place.begin for place in self._places)
        self._zeros = first.new_zeros(longest)
        for place in self._places:
            view = place.view_of(self._flat)
            view.copy_(place.parameter.detach())
            place.parameter.data = view
        self._parameters = [place.parameter for place in self._places]
        self._learning: tuple[bool, ...] = ()  # which parameters the table updates
        self._table: ParameterTable | None = None

    @property
    def parameters(self) -> list[nn.Parameter]:
        """Trained parameters."""
        return self._parameters

    @property
    def momenta(self) -> list[Tensor]:
        """Views of the momenta, for parameters whose group has momentum."""
        return [place.view_of(self._velocities) for place in self._places if place.settings[1]]

    @torch.no_grad()
    def step(self, *, share: Tensor) -> None:
        """Update all parameters that have a gradient."""
        # weights of edges that carry nothing have no gradient and must not decay either
        learning = tuple(parameter.grad is not None for parameter in self._parameters)
        if self._table is None or learning != self._learning:
            self._table, self._learning = self._make_table(learning), learning
        torch.cat(self._pieces(), out=self._gradients)
        sgd_step(
            self._flat, self._velocities, self._gradients, self._table,
            rates=share.view(1), nesterov=self._nesterov,
        )  # fmt: skip

    def release(self) -> None:
        """Give each parameter contiguous memory of its own again."""
        self.forget_gradients()
        for parameter in self._parameters:
            parameter.data = parameter.detach().clone(memory_format=torch.contiguous_format)

    def _make_table(self, learning: Sequence[bool]) -> ParameterTable:
        places = [p for p, learns in zip(self._places, learning, strict=True) if learns]
        runs: list[list[_Place]] = []
        for place in places:
            before = runs[-1][-1] if runs else None
            if before and (before.end, before.settings) == (place.begin, place.settings):
                runs[-1].append(place)
            else:
                runs.append([place])
        segments = [
            ParameterSegment(run[0].begin, run[-1].end - run[0].begin, *run[0].settings)
            for run in runs
        ]
        return parameter_table(segments, device=self._flat.device)

    def _pieces(self) -> list[Tensor]:
        """The gradients in the layout of the parameters, with zeros for gaps and missing ones."""
        pieces = []
        for place in self._places:
            gap = place.end - place.begin
            gradient = place.parameter.grad
            if gradient is not None:
                pieces.append(_in_memory_order(gradient))
                gap -= gradient.numel()
            if gap:
                pieces.append(self._zeros[:gap])
        return pieces


def _in_memory_order(gradient: Tensor) -> Tensor:
    """The elements of a gradient, flattened in the memory order of its parameter."""
    if gradient.dim() != 4:
        return gradient.reshape(-1)
    return gradient.permute(0, 2, 3, 1).reshape(-1)  # usually channels last already: no copy
