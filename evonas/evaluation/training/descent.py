"""Stochastic gradient descent that reads its learning rate from a tensor on the device."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, final

import torch
from torch import Tensor, nn


class AbstractDescent(ABC):
    """Like ``torch.optim.SGD``, but without work on the host.

    Momenta start at zero, so that the first step is no special case. The learning rate is a
    tensor, so that it can change between replays of a captured step.
    """

    @property
    @abstractmethod
    def parameters(self) -> list[nn.Parameter]:
        """Trained parameters, group by group."""

    @property
    @abstractmethod
    def momenta(self) -> list[Tensor]:
        """Momenta, in the order of the parameters; groups without momentum have none."""

    @property
    def tensors(self) -> list[Tensor]:
        """All tensors that a step changes: parameters and momenta."""
        return [*self.parameters, *self.momenta]

    def forget_gradients(self) -> None:
        """Clear all gradients, so that the next backward pass sets them instead of adding."""
        for parameter in self.parameters:
            parameter.grad = None

    @abstractmethod
    def step(self, *, share: Tensor) -> None:
        """Update all parameters that have a gradient.

        Args:
            share: float32 scalar tensor on their device: factor on all learning rates.
        """

    @abstractmethod
    def release(self) -> None:
        """Release the parameters after the last step, so that they share no memory with it."""


@final
class Descent(AbstractDescent):
    """One call of torch's fused kernel for each group of parameters.

    Args:
        groups: result of :func:`evonas.rules.parameter_groups`.
    """

    def __init__(self, groups: Sequence[dict[str, Any]]) -> None:
        self._groups = [_Group(**group) for group in groups if group["params"]]
        self._parameters = [p for group in self._groups for p in group.params]

    @property
    def parameters(self) -> list[nn.Parameter]:
        """Trained parameters."""
        return self._parameters

    @property
    def momenta(self) -> list[Tensor]:
        """Momenta, in the order of the parameters."""
        return [tensor for group in self._groups for tensor in group.momenta]

    def step(self, *, share: Tensor) -> None:
        """Update all parameters that have a gradient."""
        for group in self._groups:
            group.step(share=share)

    def release(self) -> None:
        """Clear the gradients; the parameters share no memory with the descent."""
        self.forget_gradients()


class _Group:
    def __init__(
        self,
        *,
        params: Sequence[nn.Parameter],
        lr: float,
        momentum: float,
        weight_decay: float,
        nesterov: bool,
    ) -> None:
        self.params = list(params)
        self.momenta = [torch.zeros_like(p, requires_grad=False) for p in params if momentum]
        self._rate = lr
        self._momentum = momentum
        self._weight_decay = weight_decay
        self._nesterov = nesterov

    def step(self, *, share: Tensor) -> None:
        # weights of edges that carry nothing have no gradient and must not decay either
        has_gradient = [parameter.grad is not None for parameter in self.params]
        parameters = _where(has_gradient, self.params)
        if not parameters:
            return
        with torch.no_grad():
            torch._fused_sgd_(
                parameters,
                [parameter.grad for parameter in parameters],
                _where(has_gradient, self.momenta),
                weight_decay=self._weight_decay,
                momentum=self._momentum,
                lr=self._rate * share,
                dampening=0.0,
                nesterov=self._nesterov,
                maximize=False,
                is_first_step=False,
            )


def _where(keep: Sequence[bool], tensors: Sequence[Tensor]) -> list[Any]:
    """The tensors to keep; empty if ``tensors`` is, as for parameters without momentum."""
    return [tensor for tensor, is_kept in zip(tensors, keep, strict=bool(tensors)) if is_kept]
