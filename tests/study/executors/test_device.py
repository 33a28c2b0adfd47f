"""The process of a device: same records as in this process, also after it is killed."""

import os
import random
import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

from evonas.evaluation.protocol import Protocol
from evonas.evaluation.record import Evaluation
from evonas.settings import Settings
from evonas.space import Genome, Space, load
from evonas.study.executors.device import DeviceExecutor
from evonas.study.executors.inline import InlineExecutor
from evonas.study.executors.make import make_executor
from evonas.study.executors.order import Order
from evonas.study.shape import shaped_space
from tests.small_run import changed

pytestmark = pytest.mark.system


def genomes(space: Space, count: int) -> list[Genome]:
    rng = random.Random(1)
    return [space.canonical(space.sample(rng)) for _ in range(count)]


def by_key(results: Iterator[tuple[Evaluation, bytes]]) -> dict[str, tuple[Evaluation, bytes]]:
    return {record.key: (replace(record, seconds=0.0), weights) for record, weights in results}


def kill(executor: DeviceExecutor) -> None:
    (worker,) = executor._workers
    assert worker.process is not None
    assert worker.process.pid is not None
    os.kill(worker.process.pid, signal.SIGKILL)
    worker.process.join()


def test_records_match_inline_executor_despite_one_kill(
    config: Settings,
) -> None:
    space = shaped_space(load("nas-bench-201"), config)
    protocol = Protocol.of(changed(config, epochs=2))
    executor = DeviceExecutor(["cpu"], slots=2)
    expected = by_key(InlineExecutor().run(space, genomes(space, 5), protocol=protocol))
    assert executor.capacity == 2
    for genome in genomes(space, 5):
        executor.submit(Order(space, genome, protocol))
    first = executor.next_done()
    kill(executor)
    found = by_key(iter([first, *(executor.next_done() for _ in range(4))]))
    assert found == expected
    # the process stays for the next generation
    (worker,) = executor._workers
    process = worker.process
    again = by_key(executor.run(space, genomes(space, 2), protocol=protocol))
    assert again.items() <= expected.items()
    assert worker.process is process
    executor.close()
    assert worker.process is None
    with pytest.raises(ValueError, match="found none"):
        executor.next_done()


def test_candidate_whose_worker_dies_twice_is_recorded_as_lost(config: Settings) -> None:
    space = shaped_space(load("nas-bench-201"), config)
    executor = DeviceExecutor(["cpu"], slots=2)
    (genome,) = genomes(space, 1)
    executor.submit(Order(space, genome, Protocol.of(config)))
    for _ in range(2):
        executor._hand_out()
        kill(executor)
        while executor._workers[0].process is not None:
            executor._hear()
    record, weights = executor.next_done()
    assert record.failure == "worker lost: the process on cpu ended with code -9"
    assert (record.key, weights) == (space.key(genome), b"")
    executor.close()


def test_cuda_device_gets_device_executor() -> None:
    executor = make_executor(3, device="cuda:1")
    assert isinstance(executor, DeviceExecutor)
    assert executor.capacity == 3
