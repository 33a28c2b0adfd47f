"""State of a wiring that changes with every optimiser step: step count and Kolen-Pollack decay.

It is stored as Python numbers, which cost the host nothing to read, or as tensors of one element,
which compiled networks and replayed CUDA graphs read and update on the device. Both follow the
same equations in float64.
"""

import math
from collections.abc import Mapping
from typing import Any, final

import torch
from torch import Tensor

from evonas.errors import RuleError


@final
class StepState:
    """Step count, decay and velocity; Python numbers at first.

    Attributes:
        step: number of optimiser steps so far; int, or int64 scalar tensor.
        decay: ``a_t``, the remaining share of W_0 - B_0; float, or float64 tensor.
        velocity: velocity of the decay under momentum; float, or float64 tensor.
    """

    def __init__(self) -> None:
        self.step: int | Tensor = 0
        self.decay: float | Tensor = 1.0
        self.velocity: float | Tensor = 0.0

    @property
    def is_in_tensors(self) -> bool:
        """Whether the attributes are tensors."""
        return isinstance(self.step, Tensor)

    def advance(
        self,
        *,
        learning_rate: float | Tensor,
        momentum: float,
        weight_decay: float,
        nesterov: bool,
    ) -> None:
        """Count a step of SGD (coupled decay, no dampening); tensors change in place."""
        # W and B get the same gradient, so weight decay is all that changes W - B
        gradient = weight_decay * self.decay
        velocity = momentum * self.velocity + gradient
        change = gradient + momentum * velocity if nesterov else velocity
        self._put(self.step + 1, self.decay - learning_rate * change, velocity)

    def count(self) -> None:
        """Count a step of an optimiser whose settings do not matter; the decay is unchanged."""
        self._put(self.step + 1, self.decay, self.velocity)

    def replace_decay(self, decay: float | Tensor) -> None:
        """Replace the decay; a tensor changes in place."""
        self._put(self.step, decay, self.velocity)

    def state(self) -> dict[str, float | int]:
        """The attributes as numbers; synchronises with the device if they are tensors."""
        return {
            "step": int(self.step),
            "decay": float(self.decay),
            "velocity": float(self.velocity),
        }

    def restore(self, state: Mapping[str, float | int]) -> None:
        """Restore the values that :meth:`state` returned; tensors are overwritten in place.

        Raises:
            RuleError: a value is missing or is not a finite number.
        """
        for name in ("step", "decay", "velocity"):
            if name not in state or not math.isfinite(state[name]):
                raise RuleError(
                    f"state of a wiring: expected a number called '{name}', got {dict(state)}"
                )
        self._put(int(state["step"]), float(state["decay"]), float(state["velocity"]))

    def to_tensors(self, device: torch.device | str) -> None:
        """Store the values in tensors on ``device`` from now on."""
        state = self.state()
        self.step = torch.tensor(state["step"], dtype=torch.int64, device=device)
        self.decay = torch.tensor(state["decay"], dtype=torch.float64, device=device)
        self.velocity = torch.tensor(state["velocity"], dtype=torch.float64, device=device)

    def to_numbers(self) -> None:
        """Store the values as Python numbers from now on."""
        state = self.state()
        self.step, self.decay, self.velocity = (
            int(state["step"]),
            state["decay"],
            state["velocity"],
        )

    def _put(self, step: Any, decay: Any, velocity: Any) -> None:
        if isinstance(self.step, Tensor):
            mine: tuple[Any, ...] = (self.step, self.decay, self.velocity)
            for tensor, value in zip(mine, (step, decay, velocity), strict=True):
                if isinstance(value, Tensor):
                    tensor.copy_(value)
                else:
                    tensor.fill_(value)
        else:
            self.step, self.decay, self.velocity = step, float(decay), float(velocity)
