"""Carry the error from the watched logits to the layers of one forward pass."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import torch
from torch import Tensor

from evonas.errors import RuleError
from evonas.rules.autograd_functions import BroadcastError

T = TypeVar("T")


class ErrorBus:
    """The error of one forward pass: the gradient of the loss with respect to the logits.

    Attributes:
        error: (batch, classes); None until the backward pass has reached the logits.
        targets: the targets passed to :meth:`evonas.rules.Wiring.aim`; None if it was not called.
        readers: the numbers of the layers that will read this bus.
        awaiting: inputs of compiled or transformed layers, each with a function that takes the
            number of classes and returns the function that computes the signal to this input.
    """

    def __init__(self) -> None:
        self.error: Tensor | None = None
        self.targets: Tensor | None = None
        self.readers: list[int] = []
        self._made: dict[Hashable, Any] = {}
        self.awaiting: list[tuple[Tensor, Callable[[int], Callable[[ErrorBus], Tensor]]]] = []

    def join(self, layer: int) -> "ErrorBus":
        """Register the layer with this number as a reader, and return this bus."""
        self.readers.append(layer)
        return self

    def receive(self, gradient: Tensor) -> None:
        """Store the error; the tensor hook that :meth:`evonas.rules.Wiring.watch` registers."""
        self.error = gradient.detach()
        self._made = {}  # a graph that was kept can be passed backward again, from another loss

    def join_logits(self, logits: Tensor) -> Tensor:
        """The logits, connected to the awaiting inputs, which receive signals from their error."""
        inputs = [x for x, _ in self.awaiting]
        senders = [prepare(logits.shape[-1]) for _, prepare in self.awaiting]
        targets = self.targets
        self.awaiting = []  # from here on the autograd graph holds the inputs and functions

        def send(error: Tensor) -> list[Tensor]:
            known = ErrorBus()
            known.error, known.targets = error, targets
            return [make(known) for make in senders]

        joined: Tensor = BroadcastError.apply(logits, send, *inputs)
        return joined

    def read(self) -> Tensor:
        """The error, (batch, classes).

        Raises:
            RuleError: the backward pass has not gone through watched logits.
        """
        if self.error is None:
            raise RuleError(
                "a layer under direct feedback needs the error of the logits, but none has "
                "arrived: call `logits = wiring.watch(logits)` at the end of the forward pass. An "
                "auxiliary head needs a wiring of its own: `connect(network.auxiliary, seed=...)` "
                "after `connect(network, seed=...)`, and a `watch` of its own logits"
            )
        return self.error

    def once(self, key: Hashable, make: Callable[["ErrorBus"], T]) -> T:
        """The result of ``make`` for this forward pass and error, computed once per key."""
        if key not in self._made:
            self._made[key] = make(self)
        found: T = self._made[key]
        return found

    def read_targets(self, num_classes: int) -> Tensor:
        """The targets as probabilities, (batch, classes).

        Raises:
            RuleError: the targets were not given by ``wiring.aim``.
        """
        if self.targets is None:
            raise RuleError(
                "a layer learns from the targets, but none were given: call "
                "`wiring.aim(labels)` before each forward pass"
            )
        if self.targets.dim() == 1:
            classes = torch.arange(num_classes, device=self.targets.device)
            # not torch's one_hot, which synchronises with the device to check the labels
            return (self.targets.unsqueeze(1) == classes).long()
        return self.targets

    def __getstate__(self) -> dict[str, Any]:
        # copies start empty: the contents belong to an autograd graph, which cannot be copied
        return ErrorBus().__dict__
