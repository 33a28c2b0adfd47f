"""Executors give the same records, and a dead worker costs one candidate."""

import os
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from joblib import Parallel, delayed

from evonas.evaluation.evaluate import evaluate
from evonas.evaluation.protocol import Protocol, Stage
from evonas.evaluation.record import Evaluation
from evonas.seeds import derive_seed
from evonas.settings import Settings
from evonas.space import Genome, Space, load
from evonas.study.executors import inline, pool, process_executor
from evonas.study.executors.inline import InlineExecutor
from evonas.study.executors.make import make_executor
from evonas.study.executors.order import Order, Result
from evonas.study.executors.pool import JoblibExecutor
from evonas.study.shape import shaped_space
from tests.small_run import changed

pytestmark = pytest.mark.system


def genomes(space: Space, count: int) -> list[Genome]:
    rng = random.Random(1)
    return [space.canonical(space.sample(rng)) for _ in range(count)]


def test_pool_matches_inline_executor(config: Settings) -> None:
    space, protocol = shaped_space(load("nas-bench-201"), config), Protocol.of(config)
    results = [
        {
            record.key: (replace(record, seconds=0.0), weights)
            for record, weights in executor.run(space, genomes(space, 4), protocol=protocol)
        }
        for executor in (InlineExecutor(), JoblibExecutor(2))
    ]
    assert len(results[0]) == 4
    assert results[0] == results[1]


def test_inline_executor_uses_one_thread_and_restores_the_count(
    config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    space, before = shaped_space(load("nas-bench-201"), config), torch.get_num_threads()
    seen: list[int] = []

    def watched(order: Order) -> Result:
        seen.append(torch.get_num_threads())
        return evaluate(order.space, order.genome, protocol=order.protocol)

    monkeypatch.setattr(inline, "evaluate_order", watched)
    torch.set_num_threads(2)
    list(InlineExecutor().run(space, genomes(space, 1), protocol=Protocol.of(config)))
    assert (seen, torch.get_num_threads()) == ([1], 2)
    torch.set_num_threads(before)


@pytest.mark.parametrize("workers", [1, 2])
def test_closed_executor_discards_pending_orders(config: Settings, workers: int) -> None:
    space, executor = shaped_space(load("nas-bench-201"), config), make_executor(workers)
    assert executor.capacity == workers
    for genome in genomes(space, 3):
        executor.submit(Order(space, genome, Protocol.of(config), Stage()))
    executor.next_done()
    executor.close()
    with pytest.raises(ValueError, match="expected an order"):
        executor.next_done()
    (again,) = executor.run(space, genomes(space, 1), protocol=Protocol.of(config))
    assert again[0].failure is None


def test_number_of_workers_chooses_executor() -> None:
    assert isinstance(make_executor(1), InlineExecutor)
    assert isinstance(make_executor(2), JoblibExecutor)


def test_dead_worker_costs_only_the_candidate_that_killed_it(
    config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = shaped_space(load("nas-bench-201"), config)
    given: Sequence[Genome] = genomes(space, 4)
    protocol = Protocol.of(changed(config, seed=13))
    victim = given[1]

    # local, so that it is pickled by value: workers cannot import the tests
    def deadly(order: Order) -> Result:
        if order.genome == victim:
            os._exit(3)  # like a segmentation fault or the out-of-memory killer
        key = order.space.key(order.genome)
        return Evaluation(key, "", {"acc": 1.0}, {}, (), 1, 0.0, 0), b"weights"

    monkeypatch.setattr(pool, "evaluate_order_once", deadly)
    executor = JoblibExecutor(2)
    records = {record.key: record for record, _ in executor.run(space, given, protocol=protocol)}
    executor.close()
    assert set(records) == {space.key(genome) for genome in given}
    failures = [record for record in records.values() if record.failure is not None]
    assert [record.key for record in failures] == [space.key(given[1])]
    assert failures[0].failure == "worker lost: the process on cpu ended with code 3"
    assert failures[0].seed == derive_seed(13, failures[0].key)


def test_worker_that_never_starts_is_not_reported_as_a_crash(
    config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    space, protocol = shaped_space(load("nas-bench-201"), config), Protocol.of(config)
    monkeypatch.setattr(process_executor, "START_SECONDS", 0.0)
    executor = JoblibExecutor(1, timeout_seconds=600.0)
    ((record, _),) = executor.run(space, genomes(space, 1), protocol=protocol)
    assert record.failure == "worker lost: the process on cpu did not start within 0 seconds"


def test_programming_error_in_worker_is_raised_in_parent(
    config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no failure of the candidate, and must not pass for a lost worker."""
    space = shaped_space(load("nas-bench-201"), config)

    def broken(order: Order) -> Result:
        raise KeyError(f"no such thing in {type(order).__name__}")

    monkeypatch.setattr(pool, "evaluate_order_once", broken)
    executor = JoblibExecutor(2)
    with pytest.raises(KeyError, match="no such thing in Order"):
        list(executor.run(space, genomes(space, 2), protocol=Protocol.of(config)))


def test_pool_does_not_disturb_joblib(config: Settings) -> None:
    space, executor = shaped_space(load("nas-bench-201"), config), JoblibExecutor(2)
    given = genomes(space, 2)
    first = [e.key for e, _ in executor.run(space, given, protocol=Protocol.of(config))]
    assert Parallel(n_jobs=2)(delayed(abs)(-n) for n in range(3)) == [0, 1, 2]
    again = [e.key for e, _ in executor.run(space, given, protocol=Protocol.of(config))]
    assert sorted(first) == sorted(again)
    executor.close()
