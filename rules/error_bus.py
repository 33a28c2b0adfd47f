"""What carries the error from the watched logits to the layers of one forward pass."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import torch
from torch import Tensor

from evonas.errors import RuleError
from evonas.rules.autograd_functions import BroadcastError

T = TypeVar("T")


class ErrorBus:
    """The error of one forward pass: the gradient of its loss in its logits, once it is known.

    And its targets, if :meth:`evonas.rules.Wiring.aim` named them.
    """

    def __init__(self) -> None:
        self.error: Tensor | None = None
        self.targets: Tensor | None = None
        self.readers: list[int] = []
        self._made: dict[Hashable, Any] = {}
        self.awaiting: list[tuple[Tensor, Callable[[int], Callable[[ErrorBus], Tensor]]]] = []

    def join(self, layer: int) -> "ErrorBus":
        """This bus, once it knows that a layer with this number will read it."""
        self.readers.append(layer)
        return self

    def receive(self, gradient: Tensor) -> None:
        """Keep the error; the tensor hook that :meth:`evonas.rules.Wiring.watch` places."""
        self.error = gradient.detach()

    def join_logits(self, logits: Tensor) -> Tensor:
        """The logits, whose gradient goes to the inputs that await it, each by its function."""
        inputs = [x for x, _ in self.awaiting]
        senders = [prepare(logits.shape[-1]) for _, prepare in self.awaiting]
        targets = self.targets
        self.awaiting = []  # the graph keeps what it needs

        def send(error: Tensor) -> list[Tensor]:
            known = ErrorBus()
            known.error, known.targets = error, targets
            return [make(known) for make in senders]

        joined: Tensor = BroadcastError.apply(logits, send, *inputs)
        return joined

    def read(self) -> Tensor:
        """The error, (batch, classes).

        Raises:
            RuleError: the backward pass has not come through watched logits.
        """
        if self.error is None:
            raise RuleError(
                "a layer under direct feedback needs the error of the logits, none has arrived: "
                "call `logits = wiring.watch(logits)` at the end of the forward pass. An "
                "auxiliary head needs a wiring of its own: `connect(network.auxiliary, seed=...)` "
                "after `connect(network, seed=...)`, and a `watch` of its own logits"
            )
        return self.error

    def once(self, key: Hashable, make: Callable[["ErrorBus"], T]) -> T:
        """What ``make`` gives for this forward pass, made once per key."""
        if key not in self._made:
            self._made[key] = make(self)
        found: T = self._made[key]
        return found

    def read_targets(self, num_classes: int) -> Tensor:
        """The targets as probabilities, (batch, classes).

        Raises:
            RuleError: the forward pass was not aimed.
        """
        if self.targets is None:
            raise RuleError(
                "a layer learns from the targets, and none were given: call "
                "`wiring.aim(labels)` before each forward pass"
            )
        if self.targets.dim() == 1:
            classes = torch.arange(num_classes, device=self.targets.device)
            # torch's one_hot reads the labels back to check them
            return (self.targets.unsqueeze(1) == classes).long()
        return self.targets

    def __getstate__(self) -> dict[str, Any]:
        # of a graph that a copy does not have
        return ErrorBus().__dict__
