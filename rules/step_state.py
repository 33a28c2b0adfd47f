"""What changes with every optimiser step: the step count and Kolen-Pollack's decay.

Stored as Python numbers, which the host reads at no cost, or as tensors of one element, which a
compiled network or a replayed CUDA graph reads each time and which change without the host. Both
follow the same equations in float64.
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
        step: optimiser steps so far; int, or int64 tensor of no dimension.
        decay: ``a_t``, the share that is left of W_0 - B_0; float, or float64 tensor.
        velocity: of the decay under momentum; float, or float64 tensor.
    """

    def __init__(self) -> None:
        self.step: int | Tensor = 0
        self.decay: float | Tensor = 1.0
        self.velocity: float | Tensor = 0.0

    @property
    def is_in_tensors(self) -> bool:
        """Whether the three are tensors."""
        return isinstance(self.step, Tensor)

    def advance(
        self,
        *,
        learning_rate: float | Tensor,
        momentum: float,
        weight_decay: float,
        nesterov: bool,
    ) -> None:
        """One step of SGD with coupled decay and without dampening; tensors change in place."""
        # W and B get the same gradient, so W - B sees only the decay of the optimiser's step
        gradient = weight_decay * self.decay
        velocity = momentum * self.velocity + gradient
        change = gradient + momentum * velocity if nesterov else velocity
        self._put(self.step + 1, self.decay - learning_rate * change, velocity)

    def count(self) -> None:
        """One step of an optimiser whose settings do not matter: the decay stays."""
        self._put(self.step + 1, self.decay, self.velocity)

    def state(self) -> dict[str, float | int]:
        """The three as numbers; synchronises with the device when they are tensors."""
        return {
            "step": int(self.step),
            "decay": float(self.decay),
            "velocity": float(self.velocity),
        }

    def restore(self, state: Mapping[str, float | int]) -> None:
        """Continue where :meth:`state` was taken; tensors stay the same tensors.

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
        """Keep the same values in tensors on ``device`` from now on."""
        state = self.state()
        self.step = torch.tensor(state["step"], dtype=torch.int64, device=device)
        self.decay = torch.tensor(state["decay"], dtype=torch.float64, device=device)
        self.velocity = torch.tensor(state["velocity"], dtype=torch.float64, device=device)

    def to_numbers(self) -> None:
        """Keep the same values in Python numbers from now on."""
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
