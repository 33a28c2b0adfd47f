"""Real worker processes that hang, are stopped, killed, orphaned, or run out of memory."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from evonas.evaluation.evaluate import evaluate_once
from evonas.evaluation.protocol import Protocol
from evonas.evaluation.record import Evaluation
from evonas.space import Genome, load
from evonas.study.executors import pool
from evonas.study.executors.device import DeviceExecutor
from evonas.study.executors.make import make_executor
from evonas.study.executors.order import Order, Result
from evonas.study.executors.pool import JoblibExecutor
from evonas.study.executors.process_executor import AbstractProcessExecutor
from evonas.study.shape import shaped_space
from tests.small_run import SMALL_RUN, changed

pytestmark = pytest.mark.system

SPACE = shaped_space(load("nas-bench-201"), SMALL_RUN)
PROTOCOL = Protocol.of(SMALL_RUN)
SECONDS = 1.0
END_SECONDS = 6.0  # SIGTERM, two seconds, SIGKILL, and some slack for a busy machine


def genomes(count: int) -> list[Genome]:
    rng = random.Random(1)
    return [SPACE.canonical(SPACE.sample(rng)) for _ in range(count)]


@pytest.fixture
def make() -> Iterator[Callable[..., AbstractProcessExecutor]]:
    made: list[AbstractProcessExecutor] = []

    def pool_of(workers: int, seconds: float | None) -> AbstractProcessExecutor:
        made.append(JoblibExecutor(workers, timeout_seconds=seconds))
        return made[-1]

    yield pool_of
    for executor in made:
        executor.close()


def pids(executor: AbstractProcessExecutor) -> list[int]:
    return [w.process.pid or 0 for w in executor._workers if w.process is not None]


def is_gone(pid: int) -> bool:
    """Whether the process has ended, or is a zombie."""
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
            == "Z"
        )
    except FileNotFoundError:
        return True


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


@pytest.mark.parametrize("deaf", [False, True])
def test_candidate_over_time_limit_ends_and_others_succeed(
    make: Callable[..., AbstractProcessExecutor], monkeypatch: pytest.MonkeyPatch, deaf: bool
) -> None:
    given = genomes(4)
    victim, key_of = SPACE.key(given[1]), SPACE.key

    # local, so that it is pickled by value: workers cannot import the tests
    def hanging(order: Order) -> Result:
        if key_of(order.genome) == victim:
            if deaf:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(600)
        return Evaluation(key_of(order.genome), "", {"acc": 1.0}, {}, (), 1, 0.0, 0), b""

    monkeypatch.setattr(pool, "evaluate_order_once", hanging)
    executor = make(2, SECONDS)
    records = {record.key: record for record, _ in executor.run(SPACE, given, protocol=PROTOCOL)}
    assert set(records) == {SPACE.key(genome) for genome in given}
    assert [key for key, record in records.items() if record.failure] == [victim]
    assert records[victim].failure == "timeout: it was not finished after 1 seconds"
    assert records[victim].seconds == SECONDS
    assert records[victim].is_lost_from_outside


def test_result_in_time_counts_even_if_the_parent_was_busy_beyond_the_limit(
    make: Callable[..., AbstractProcessExecutor], monkeypatch: pytest.MonkeyPatch
) -> None:
    key_of = SPACE.key

    def quick(order: Order) -> Result:
        return Evaluation(key_of(order.genome), "", {"acc": 1.0}, {}, (), 1, 0.0, 0), b""

    monkeypatch.setattr(pool, "evaluate_order_once", quick)
    executor = make(2, 600.0)
    for genome in genomes(2):
        executor.submit(Order(SPACE, genome, PROTOCOL))
    executor._hand_out()
    assert wait_until(lambda: executor._inbox.qsize() == 4, 120.0)  # two begun, two done
    monkeypatch.setattr(executor, "_timeout", 0.0)
    assert [executor.next_done()[0].failure for _ in range(2)] == [None, None]


def test_time_limit_holds_for_stopped_worker(
    make: Callable[..., AbstractProcessExecutor], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopping(_: Order) -> Result:
        os.kill(os.getpid(), signal.SIGSTOP)
        raise AssertionError

    monkeypatch.setattr(pool, "evaluate_order_once", stopping)
    executor = make(1, SECONDS)
    executor.submit(Order(SPACE, genomes(1)[0], PROTOCOL))
    executor._hand_out()
    while None in executor._workers[0].orders.values():
        executor._hear()  # until it has begun
    (pid,) = pids(executor)
    began = time.monotonic()
    record, _ = executor.next_done()
    assert SECONDS / 2 <= time.monotonic() - began < SECONDS + END_SECONDS
    assert record.failure_kind == "timeout"
    assert is_gone(pid)


def test_stopped_and_hanging_workers_do_not_block_close(
    make: Callable[..., AbstractProcessExecutor], monkeypatch: pytest.MonkeyPatch
) -> None:
    def hanging(_: Order) -> Result:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
        raise AssertionError

    monkeypatch.setattr(pool, "evaluate_order_once", hanging)
    executor = make(2, None)
    for genome in genomes(4):
        executor.submit(Order(SPACE, genome, PROTOCOL))
    executor._hand_out()
    while any(None in worker.orders.values() for worker in executor._workers):
        executor._hear()
    mine = pids(executor)
    os.kill(mine[0], signal.SIGSTOP)
    began = time.monotonic()
    executor.close()
    assert time.monotonic() - began < END_SECONDS
    assert all(map(is_gone, mine))


def test_hanging_device_fails_only_the_overdue_candidate() -> None:
    executor = DeviceExecutor(["cpu"], slots=2, timeout_seconds=600)
    expected = {}
    for genome in genomes(3):
        executor.submit(Order(SPACE, genome, PROTOCOL))
        expected[SPACE.key(genome)] = evaluate_once(
            SPACE, genome, protocol=PROTOCOL, stage=Order(SPACE, genome, PROTOCOL).stage
        )
    executor._hand_out()
    (worker,) = executor._workers
    while None in worker.orders.values():
        executor._hear()
    os.kill(worker.process.pid, signal.SIGSTOP)  # type: ignore[arg-type, union-attr]
    number = min(worker.orders)
    worker.orders[number] = time.monotonic() - 601  # overdue
    results = [executor.next_done() for _ in range(3)]
    executor.close()
    late = [record for record, _ in results if record.failure_kind == "timeout"]
    assert len(late) == 1
    for record, weights in results:
        if record.failure is None:
            of_one = expected[record.key]
            assert replace(record, seconds=0.0) == replace(of_one[0], seconds=0.0)
            assert weights == of_one[1]


def test_sigkilled_worker_counts_as_crash_not_out_of_memory(
    make: Callable[..., AbstractProcessExecutor], monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_: Order) -> Result:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    monkeypatch.setattr(pool, "evaluate_order_once", killed)
    ((record, _),) = make(1, None).run(SPACE, genomes(1), protocol=PROTOCOL)
    assert record.failure == "worker lost: the process on cpu ended with code -9"
    assert (record.batch, record.is_lost_from_outside) == (None, True)


def test_out_of_memory_in_worker_retries_half_batch_in_new_process(
    make: Callable[..., AbstractProcessExecutor], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = changed(SMALL_RUN, channels=32, batch=1024, images=1024, rules=("fa",))
    space, mib = shaped_space(load("nas-bench-201"), config), 2**20
    genome = space.canonical(space.sample(random.Random(1)))

    def limited(order: Order) -> Result:
        import resource

        warm = replace(order.protocol, training=replace(order.protocol.training, images=32))
        evaluate_once(space, genome, protocol=warm.with_batch(16), stage=order.stage.__class__())
        pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0])
        limit = pages * resource.getpagesize() + 125 * mib
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        return evaluate_once(space, genome, protocol=order.protocol, stage=order.stage)

    monkeypatch.setattr(pool, "evaluate_order_once", limited)
    executor = make(1, None)
    executor.submit(Order(space, genome, Protocol.of(config)))
    record, weights = executor.next_done()
    assert (record.failure, record.batch) == (None, 512)
    assert weights
    assert executor._workers[0].incarnation == 2


ORPHANING = """
import sys, random
from evonas.evaluation.protocol import Protocol
from evonas.study.executors import pool
from evonas.study.executors.device import DeviceExecutor
from evonas.study.executors.order import Order
from tests.small_run import SMALL_RUN, changed
from tests.study.executors.test_process_faults import SPACE, genomes
import time

def hanging(order):
    time.sleep(600)

pool.evaluate_order_once = hanging
long = Protocol.of(changed(SMALL_RUN, epochs=10000))
for executor in (pool.JoblibExecutor(2), DeviceExecutor(["cpu"], slots=1)):
    for genome in genomes(2):
        executor.submit(Order(SPACE, genome, long))
    executor._hand_out()
    while any(None in worker.orders.values() for worker in executor._workers):
        executor._hear()
    print(*(worker.process.pid for worker in executor._workers), flush=True)
time.sleep(600)
"""


def test_workers_end_soon_after_their_parent_even_if_stopped() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ORPHANING], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        found = [int(pid) for _ in range(2) for pid in parent.stdout.readline().split()]
        assert len(found) == 3
        assert not any(map(is_gone, found))
        os.kill(found[0], signal.SIGSTOP)
        parent.kill()
    assert wait_until(lambda: all(map(is_gone, found)), 5.0)


WATCHED = """
import os, sys, time
from multiprocessing import Pipe
from evonas.study.executors import parent_watch
parent_watch.sys = type("", (), {"platform": "other"})  # without the kernel's help
mine, theirs = Pipe(duplex=False)
if os.fork() == 0:
    theirs.close()
    parent_watch.begin_work(mine, parent=os.getppid())
    print(os.getpid(), flush=True)
    time.sleep(600)
if sys.argv[1] == "close":
    time.sleep(0.5)
    theirs.close()
time.sleep(600)
"""


@pytest.mark.parametrize("how", ["close", "kill"])
def test_worker_notices_end_of_parent_without_kernel_support(how: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WATCHED, how], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        if how == "kill":
            assert not is_gone(child)
            parent.kill()
        assert wait_until(lambda: is_gone(child), 5.0)
        parent.kill()


def test_time_limit_needs_process_executor_even_for_one_worker() -> None:
    assert isinstance(make_executor(1, timeout_seconds=60.0), JoblibExecutor)
    assert isinstance(make_executor(1, device="cuda:0", timeout_seconds=60.0), DeviceExecutor)
