"""Lookahead: weights are pulled back to their own slow average every few steps.

Zhang, Lucas, Hinton and Ba 2019 (arXiv 1907.08610), with the period and the schedule of airbench94
(Keller Jordan 2024, arXiv 2404.00498).
"""

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor

from evonas.evaluation.final.weight_average import averaged_tensors, copy_tensors
from evonas.networks import Network

PERIOD = 5  # steps
DECAY = 0.95  # of the slow weights in one step, at the end of training


@final
class Lookahead:
    """Moves slow weights towards the weights, and then the weights onto them.

    This happens after every fifth step t of T and after the last. The slow weights keep the share
    ``0.95^5 (t / T)^3`` of what they were, so early in training they follow at once. It concerns
    all floating-point tensors of the network's state. Feedback that learns is one of them, or is
    computed from a decay that :class:`evonas.rules.Wiring` keeps; the decay is averaged likewise.

    Args:
        network: network in training; its tensors must not be moved or replaced.
        num_steps: number T of steps in the whole training.
    """

    def __init__(self, network: Network, *, num_steps: int) -> None:
        self._wiring = network.wiring
        self._num_steps = num_steps
        self._weights = averaged_tensors(network)
        self._slow = [value.clone() for value in self._weights]
        # a new tensor if the wiring keeps one on the device, so that the host never waits
        self._slow_decay: float | Tensor = 1.0 * self._wiring.decay
        self._num_done = 0

    def update(self) -> None:
        """Called after every step."""
        self._num_done += 1
        done, last = self._num_done, self._num_steps
        if done % PERIOD and done < last:
            return
        kept = DECAY**PERIOD * (done / last) ** 3
        with torch.no_grad():
            torch._foreach_lerp_(self._slow, self._weights, 1.0 - kept)
        copy_tensors(self._weights, self._slow)
        change = self._wiring.decay - self._slow_decay
        self._slow_decay = self._slow_decay + (1.0 - kept) * change
        self._wiring.replace_decay(self._slow_decay)

    def state(self) -> tuple[int, float, list[Tensor]]:
        """Number of steps done, slow decay, and slow weights."""
        return self._num_done, float(self._slow_decay), self._slow

    def restore(self, state: tuple[int, float, Sequence[Tensor]]) -> None:
        """Restore a state.

        Raises:
            ValueError, RuntimeError: the state belongs to another network.
        """
        self._num_done, self._slow_decay, slow = state
        copy_tensors(self._slow, slow)
