"""Real candidates run concurrently on a CPU, with a memory limit."""

import random
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from evonas.evaluation.data.loading import traits_of
from evonas.evaluation.evaluate import evaluate, evaluating
from evonas.evaluation.protocol import Protocol
from evonas.evaluation.record import Evaluation
from evonas.evaluation.training.device_stream import HostStream
from evonas.evaluation.training.forecast import forecast
from evonas.space import Genome, Space, load
from evonas.study.executors import device_worker
from evonas.study.executors.device import DeviceExecutor
from evonas.study.executors.device_sharing import DeviceSharing, Ticket, finish_all
from evonas.study.executors.messages import Began, Done, Waits
from evonas.study.shape import shaped_space
from tests.small_run import SMALL_RUN, changed

Found = dict[str, tuple[Evaluation, bytes]]


class Candidates:
    """A few candidates, the memory each is expected to need, and its result when run alone."""

    def __init__(self, space: Space, protocol: Protocol, count: int) -> None:
        rng = random.Random(4)
        genomes: list[Genome] = [space.canonical(space.sample(rng)) for _ in range(count)]
        traits, batch = traits_of("digits"), protocol.recipe.batch
        self.needs = [
            forecast(space, genome, traits=traits, batch=batch).peak_bytes for genome in genomes
        ]
        self.tickets = [
            Ticket(number, partial(evaluating, space, genome, protocol=protocol), need)
            for number, (genome, need) in enumerate(zip(genomes, self.needs, strict=True))
        ]
        self.alone = by_key(evaluate(space, genome, protocol=protocol) for genome in genomes)

    def run(
        self, *, slots: int, limit_bytes: int | None = None, headroom: float = 1.0
    ) -> tuple[DeviceSharing, Found]:
        side = DeviceSharing(HostStream, slots=slots, limit_bytes=limit_bytes, headroom=headroom)
        for ticket in self.tickets:
            side.add(ticket)
        return side, by_key(result for _, result in finish_all(side))


def by_key(results: "object") -> Found:
    """Results by key, without seconds."""
    return {
        record.key: (replace(record, seconds=0.0), weights)
        for record, weights in results  # type: ignore[attr-defined]
    }


@pytest.fixture(scope="module")
def candidates() -> Candidates:
    config = changed(SMALL_RUN, rules=("fa", "brsf", "kp"), epochs=2, batch=20, images=120)
    return Candidates(shaped_space(load("nas-bench-201"), config), Protocol.of(config), 4)


@pytest.mark.parametrize("slots", [1, 3, 8])
def test_concurrent_candidates_match_candidates_run_alone(
    candidates: Candidates, slots: int
) -> None:
    side, found = candidates.run(slots=slots)
    assert found == candidates.alone
    assert side.slots == slots


def test_candidates_wait_until_expected_memory_fits(candidates: Candidates) -> None:
    side, found = candidates.run(slots=4, limit_bytes=sum(candidates.needs) - 1)
    assert found == candidates.alone
    assert side.slots == 4


def test_candidates_that_have_started_need_headroom_too() -> None:
    side = DeviceSharing(HostStream, slots=6, limit_bytes=100, headroom=1.3)
    for number in range(4):
        side.add(Ticket(number, lambda: iter(()), bytes_needed=30))  # type: ignore[arg-type,return-value]
    side.fill()
    assert len(side.at_work) == 2  # 3 x 1.3 x 30 exceeds 100


def test_out_of_memory_halves_slots_and_loses_no_candidate(
    candidates: Candidates,
) -> None:
    """With headroom 0 all are admitted at once, whatever the limit."""
    side, found = candidates.run(slots=4, limit_bytes=max(candidates.needs), headroom=0.0)
    assert found == candidates.alone
    assert side.slots == 1
    limit = sum(sorted(candidates.needs)[-2:])  # any two fit, not all four
    admits_three = (limit - 1) / sum(candidates.needs[:3])
    side, found = candidates.run(slots=4, limit_bytes=limit, headroom=admits_three)
    assert found == candidates.alone
    assert side.slots == 2


def test_only_candidate_too_large_for_memory_fails(
    candidates: Candidates,
) -> None:
    limit = max(candidates.needs) - 1
    largest = candidates.needs.index(max(candidates.needs))
    _, found = candidates.run(slots=4, limit_bytes=limit)
    failed = {key: record for key, (record, _) in found.items() if record.failure is not None}
    assert len(failed) == 1
    (record,) = failed.values()
    assert record.failure is not None
    assert record.failure.startswith("out of memory: 1 candidate at once, expected to need")
    assert record.key == list(candidates.alone)[largest]
    assert {k: v for k, v in found.items() if k not in failed} == {
        k: v for k, v in candidates.alone.items() if k not in failed
    }


def test_programming_error_is_raised(candidates: Candidates) -> None:
    side = DeviceSharing(HostStream, slots=2, limit_bytes=None, headroom=1.0)
    side.add(replace(candidates.tickets[0], begin=partial(evaluating, None, None, protocol=None)))  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        list(finish_all(side))


def test_time_limit_stops_while_a_candidate_waits_for_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    results = {1: [False], 2: [True, False]}  # whether memory runs out, for each start

    def ticket(number: int, *_: Any, **__: Any) -> Ticket:
        def begin() -> Iterator[None]:
            is_out = results[number].pop(0)
            yield
            if number == 1:
                yield
            return SimpleNamespace(ran_out_of_memory=is_out), b""  # type: ignore[return-value]

        return Ticket(number, begin, 0)  # type: ignore[arg-type]

    class Connection:
        def __init__(self) -> None:
            self.orders = [(1, None, 0), (2, None, 0)]
            self.sent: list[Any] = []
            self.send = self.sent.append

        def poll(self, seconds: float | None) -> bool:
            return bool(self.orders) or seconds is None

        def recv(self) -> Any:
            if not self.orders:
                raise EOFError
            return self.orders.pop(0)

    monkeypatch.setattr(device_worker, "begin_work", lambda *_, **__: None)
    monkeypatch.setattr(device_worker, "_ticket", ticket)
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)
    connection: Any = Connection()
    device_worker.work(connection, connection, 0, device_worker.WorkerSettings("cpu", 2))
    told = [(type(message), message.number) for message in connection.sent]
    assert sorted(told[:2], key=str) == [(Began, 1), (Began, 2)]
    assert told[2:] == [(Waits, 2), (Done, 1), (Began, 2), (Done, 2)]

    executor = DeviceExecutor(["cpu"], slots=2, timeout_seconds=5.0)
    (worker,) = executor._workers
    monkeypatch.setattr(worker, "process", object())
    worker.orders = {1: None, 2: None}
    for message, expected in ((Began(1), {1}), (Began(2), {1, 2}), (Waits(2), {1})):
        executor._inbox.put((worker, worker.incarnation, message))
        executor._hear()
        assert set(executor._ends(worker)) == expected
