"""An executor that draws random results instead of training, so that a study is fast."""

import random
from typing import final

import torch
from safetensors.torch import save

from evonas.evaluation.constraints import broken, total_violation
from evonas.evaluation.record import Evaluation
from evonas.study.executors.base import AbstractExecutor
from evonas.study.executors.order import Order, Result

CHANCE = 0.1


@final
class Drawn(AbstractExecutor):
    """Executor whose results depend only on candidate, replicate and epochs.

    Args:
        capacity: number of concurrent candidates.
        seed: seed of the order in which results become ready.

    Attributes:
        submitted: all orders, in the order of submission.
        done: key and epochs of every result, in the order of completion.
        loads: number of pending orders when each result was fetched.
    """

    def __init__(self, capacity: int = 1, *, seed: int = 0) -> None:
        self._capacity = capacity
        self._rng = random.Random(seed)
        self._orders: list[Order] = []
        self.submitted: list[Order] = []
        self.done: list[tuple[str, int]] = []
        self.loads: list[int] = []

    @property
    def capacity(self) -> int:
        """The capacity given at construction."""
        return self._capacity

    def submit(self, order: Order) -> None:
        """Queue an order."""
        self._orders.append(order)
        self.submitted.append(order)

    def next_done(self) -> Result:
        """The result of a random pending order; of the oldest one if the capacity is 1."""
        self.loads.append(len(self._orders))
        index = self._rng.randrange(len(self._orders)) if self._capacity > 1 else 0
        order = self._orders.pop(index)
        result = draw(order)
        self.done.append((result[0].key, result[0].epochs))
        return result

    def close(self) -> None:
        """Discard the orders."""
        self._orders.clear()


def draw(order: Order) -> Result:
    """Draw a result that improves with epochs; its checkpoint contains the candidate's key.

    Cost and quality are drawn once per candidate; trainings scatter around the quality. One in ten
    fails, and one in twenty learns nothing.
    """
    key, full = order.space.key(order.genome), order.protocol.recipe.epochs
    stage = order.stage
    epochs = stage.epochs or full
    of_candidate = random.Random(key)
    center, params = of_candidate.uniform(0.2, 0.9), float(of_candidate.randrange(1, 1000))
    seed = order.protocol.candidate_seed(
        key, replicate=stage.replicate, is_confirmation=stage.is_confirmation
    )
    of_training = random.Random(f"{key} {seed}")
    fate = of_training.random()
    quality = min(max(center + of_training.gauss(0.0, 0.05), 0.0), 1.0)
    if stage.checkpoint:
        whose, _, so_far = stage.checkpoint.decode().partition(" ")
        assert whose == key
        assert int(so_far) < epochs
    is_failed = fate < 0.1
    acc = CHANCE if fate < 0.15 else quality * (1 - 0.5**epochs)
    is_full = epochs == full
    values = {"params": params} if is_failed else {
        "acc": acc, "params": params, "flops": params, "bio": 1.0,
    }  # fmt: skip
    constraints = order.protocol.constraints
    outside = "" if is_failed else broken(values, constraints)
    evaluation = Evaluation(
        key=key,
        genome=order.space.format(order.genome),
        values=values,
        weights_by_rule={},
        losses=(),
        epochs=epochs,
        seconds=1.0,
        seed=seed,
        failure="diverged: at once" if is_failed else None,
        violation=total_violation(values, constraints) if outside else 0.0,
        left_out=f"outside {outside}" if outside else (
            None if is_full or is_failed else f"stopped after {epochs}"
        ),
        replicate=stage.replicate,
        test_values={"acc": acc} if stage.is_confirmation and not is_failed else {},
        num_images={} if is_failed else {"acc": 100, "test_acc": 100},
        learned=None if is_failed else max(0.0, (acc - CHANCE) / (1.0 - CHANCE)),
    )  # fmt: skip
    weights = save({key: torch.full((1,), float(stage.replicate))})
    blob = (
        b""
        if is_failed or (is_full and outside)
        else weights
        if is_full
        else f"{key} {epochs}".encode()
    )
    return evaluation, blob
