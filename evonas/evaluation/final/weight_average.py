"""Exponential moving average of weights and statistics (Polyak and Juditsky 1992)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import final

import torch
from torch import Tensor, nn


@final
class WeightAverage:
    """Averages all floating-point tensors of a network's state over the steps of its training.

    The decay grows with the number of steps t, ``min(decay, (1 + t) / (10 + t))``, so that the
    first weights are soon forgotten (as in TensorFlow's ``ExponentialMovingAverage``).

    Args:
        network: network in training; its tensors must not be moved or replaced.
        decay: decay of the average, in [0, 1).
    """

    def __init__(self, network: nn.Module, *, decay: float) -> None:
        self._decay = decay
        self._current = averaged_tensors(network)
        self._averages = [value.clone() for value in self._current]
        self._num_updates = 0

    def update(self) -> None:
        """Include the current weights in the average; called after every step."""
        self._num_updates += 1
        t = self._num_updates
        decay = min(self._decay, (1 + t) / (10 + t))
        with torch.no_grad():
            torch._foreach_lerp_(self._averages, self._current, 1.0 - decay)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Put the averages into the network in this block, and its own weights back after it."""
        own = [value.clone() for value in self._current]
        copy_tensors(self._current, self._averages)
        try:
            yield
        finally:
            copy_tensors(self._current, own)

    def state(self) -> tuple[int, list[Tensor]]:
        """Number of updates, and the averages."""
        return self._num_updates, self._averages

    def restore(self, state: tuple[int, Sequence[Tensor]]) -> None:
        """Restore a state.

        Raises:
            ValueError, RuntimeError: the state belongs to another network.
        """
        self._num_updates, averages = state
        copy_tensors(self._averages, averages)


def averaged_tensors(network: nn.Module) -> list[Tensor]:
    """The floating-point tensors of a network's state: weights, statistics and feedback."""
    state = network.state_dict(keep_vars=False)
    return [value for value in state.values() if value.is_floating_point()]


def copy_tensors(into: Sequence[Tensor], source: Sequence[Tensor]) -> None:
    """Copy tensors into others, one by one.

    Raises:
        ValueError, RuntimeError: their number or a shape differs.
    """
    if len(into) != len(source):
        raise ValueError(f"expected {len(into)} averages, got {len(source)}")
    with torch.no_grad():
        for mine, theirs in zip(into, source, strict=True):
            mine.copy_(theirs)
