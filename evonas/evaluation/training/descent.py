"""Stochastic gradient descent whose learning rate is read on the device, step by step."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, final

import torch
from torch import Tensor, nn


class AbstractDescent(ABC):
    """What ``torch.optim.SGD`` does, without what it asks of the host.

    Momentum begins at zero, so that the first step is like every other; the learning rate is a
    tensor, so that it may change under a step that is captured.
    """

    @property
    @abstractmethod
    def parameters(self) -> list[nn.Parameter]:
        """What it trains, group by group."""

    @property
    @abstractmethod
    def momenta(self) -> list[Tensor]:
        """What it remembers of past steps, in the same order, where there is momentum."""

    @property
    def tensors(self) -> list[Tensor]:
        """Everything it changes: parameters and momenta."""
        return [*self.parameters, *self.momenta]

    def forget_gradients(self) -> None:
        """Before a backward pass: what it computes is then handed over, not added."""
        for parameter in self.parameters:
            parameter.grad = None

    @abstractmethod
    def step(self, *, share: Tensor) -> None:
        """Update all parameters that have a gradient.

        Args:
            share: float32, of no dimension, on their device: what is left of all learning rates.
        """

    @abstractmethod
    def release(self) -> None:
        """After the last step: nothing of the parameters is shared with the descent."""


@final
class Descent(AbstractDescent):
    """One call of torch's fused kernel for each group of parameters.

    Args:
        groups: as :func:`evonas.rules.parameter_groups` gives them.
    """

    def __init__(self, groups: Sequence[dict[str, Any]]) -> None:
        self._groups = [_Group(**group) for group in groups if group["params"]]
        self._parameters = [p for group in self._groups for p in group.params]

    @property
    def parameters(self) -> list[nn.Parameter]:
        """What it trains."""
        return self._parameters

    @property
    def momenta(self) -> list[Tensor]:
        """What it remembers of past steps."""
        return [tensor for group in self._groups for tensor in group.momenta]

    def step(self, *, share: Tensor) -> None:
        """Update all parameters that have a gradient."""
        for group in self._groups:
            group.step(share=share)

    def release(self) -> None:
        """Nothing is."""
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
        # weights of edges that carry nothing have no gradient, and do not decay either
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
    """Those to keep; none when there are none at all."""
    return [tensor for tensor, is_kept in zip(tensors, keep, strict=bool(tensors)) if is_kept]
