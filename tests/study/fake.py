"""Candidates whose values are drawn instead of trained, so that a study takes no time."""

import random
from typing import final

import torch
from safetensors.torch import save

from evonas.evaluation.record import Evaluation
from evonas.study.executors.base import AbstractExecutor
from evonas.study.executors.order import Order, Result


@final
class Drawn(AbstractExecutor):
    """Results by (candidate, epochs) alone, ready in an order of its own.

    Args:
        capacity: how many candidates are under way at once.
        seed: of the order in which they become ready.
    """

    name = "drawn"

    def __init__(self, capacity: int = 1, *, seed: int = 0) -> None:
        self._capacity = capacity
        self._rng = random.Random(seed)
        self._orders: list[Order] = []
        self.done: list[tuple[str, int]] = []
        self.loads: list[int] = []

    @property
    def capacity(self) -> int:
        """As it was told."""
        return self._capacity

    def submit(self, order: Order) -> None:
        """Take an order."""
        self._orders.append(order)

    def next_done(self) -> Result:
        """One of the orders: the oldest if there is one at a time."""
        self.loads.append(len(self._orders))
        index = self._rng.randrange(len(self._orders)) if self._capacity > 1 else 0
        order = self._orders.pop(index)
        result = draw(order)
        self.done.append((result[0].key, result[0].epochs))
        return result

    def close(self) -> None:
        """Forget the orders."""
        self._orders.clear()


def draw(order: Order) -> Result:
    """A result that gets better with the epochs; its checkpoint says whose it is."""
    key, full = order.space.key(order.genome), order.protocol.recipe.epochs
    epochs = order.stage.epochs or full
    rng = random.Random(key)
    quality, params, fate = rng.random(), float(rng.randrange(1, 1000)), rng.random()
    if order.stage.checkpoint:
        whose, _, so_far = order.stage.checkpoint.decode().partition(" ")
        assert whose == key
        assert int(so_far) < epochs
    is_failed = fate < 0.1
    is_full = epochs == full
    evaluation = Evaluation(
        key=key,
        genome=order.space.format(order.genome),
        values={"params": params} if is_failed else {
            "acc": quality * (1 - 0.5**epochs), "params": params, "flops": params, "bio": 1.0,
        },
        weights_by_rule={},
        losses=(),
        epochs=epochs,
        seconds=1.0,
        seed=0,
        failure="diverged: at once" if is_failed else None,
        left_out=None if is_full or is_failed else f"stopped after {epochs}",
    )  # fmt: skip
    weights = save({key: torch.zeros(1)})
    blob = b"" if is_failed else weights if is_full else f"{key} {epochs}".encode()
    return evaluation, blob
