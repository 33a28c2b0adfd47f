"""Candidates whose training crashes, hangs or loses its device, and the next candidates."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from evonas.evaluation.evaluate import evaluate_once
from evonas.evaluation.protocol import Protocol, Stage
from evonas.rules import all_rules
from evonas.space import Genome, Space, load
from evonas.study.executors.device import DeviceExecutor
from evonas.study.executors.inline import InlineExecutor
from evonas.study.executors.order import Order, Result
from evonas.study.executors.pool import JoblibExecutor
from evonas.study.executors.process_executor import AbstractProcessExecutor
from evonas.study.shape import shaped_space
from tests.small_run import SMALL_RUN, changed
from tests.study.executors.faulty_rules import FaultyRules, installed

pytestmark = pytest.mark.system

CONFIG = changed(SMALL_RUN, rules=("faulty", "sound"))
PROTOCOL = Protocol.of(CONFIG)
ALWAYS = 10**6
Make = Callable[[], AbstractProcessExecutor]
POOL: Make = lambda: JoblibExecutor(1)  # noqa: E731
DEVICE: Make = lambda: DeviceExecutor(["cpu"], slots=1)  # noqa: E731
CRASHES = {"abort": -6, "segmentation fault": -11, "exit": 3, "kill": -9}


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyRules]:
    yield installed(tmp_path, monkeypatch)
    all_rules.cache_clear()


@pytest.fixture
def space(rules: FaultyRules) -> Space:  # noqa: ARG001  # it must be installed
    return shaped_space(load("nas-bench-201"), CONFIG)


def genomes(space: Space) -> tuple[Genome, Genome]:
    """A genome with the faulty rule, and the same one with the sound rule."""
    rng = random.Random(1)
    drawn = [space.canonical(space.sample(rng)) for _ in range(2000)]
    conv = [each for each in drawn if "conv" in space.format(each)]
    bad = next(each for each in conv if space.format(each).count("faulty") > 2)
    good = space.canonical(space.parse(space.format(bad).replace("faulty", "sound")))
    assert "faulty" not in space.format(good)
    return bad, good


def results(executor: AbstractProcessExecutor, space: Space, given: list[Genome]) -> list[Result]:
    """Results in the order of submission, without seconds."""
    try:
        for genome in given:
            executor.submit(Order(space, genome, PROTOCOL))
        found = [executor.next_done() for _ in given]
    finally:
        executor.close()
    places = {space.key(genome): place for place, genome in enumerate(given)}
    found.sort(key=lambda result: places[result[0].key])
    return [(replace(record, seconds=0.0), weights) for record, weights in found]


def undisturbed(space: Space, genome: Genome) -> Result:
    ((record, weights),) = InlineExecutor().run(space, [genome], protocol=PROTOCOL)
    assert record.failure is None
    assert weights
    return replace(record, seconds=0.0), weights


@pytest.mark.parametrize("fault", CRASHES)
@pytest.mark.parametrize("make", [POOL, DEVICE], ids=["pool", "device"])
def test_crashing_training_fails_alone_and_next_is_unaffected(
    rules: FaultyRules, space: Space, make: Make, fault: str
) -> None:
    bad, good = genomes(space)
    expected = undisturbed(space, good)
    rules.fail(fault, times=ALWAYS)
    (record, weights), after = results(make(), space, [bad, good])
    assert ALWAYS - rules.times_left == 2  # retried once, alone
    assert record.failure == f"worker lost: the process on cpu ended with code {CRASHES[fault]}"
    assert (record.values, weights) == ({}, b"")
    assert after == expected


def test_hanging_training_times_out_and_next_is_unaffected(
    rules: FaultyRules, space: Space
) -> None:
    bad, good = genomes(space)
    expected = undisturbed(space, good)
    rules.fail("hang", times=1)
    began = time.monotonic()
    (record, _), after = results(JoblibExecutor(1, timeout_seconds=15.0), space, [bad, good])
    assert time.monotonic() - began < 100.0
    assert record.failure == "timeout: it was not finished after 15 seconds"
    assert after == expected


@pytest.mark.parametrize("make", [POOL, DEVICE], ids=["pool", "device"])
def test_out_of_memory_once_halves_batch_and_next_is_unaffected(
    rules: FaultyRules, space: Space, make: Make
) -> None:
    bad, good = genomes(space)
    expected = undisturbed(space, good)
    smaller = Stage(batch=PROTOCOL.recipe.batch // 2)
    at_half, its_weights = evaluate_once(space, bad, protocol=PROTOCOL, stage=smaller)
    rules.fail("memory", times=1)
    first, after = results(make(), space, [bad, good])
    assert first == (replace(at_half, seconds=0.0), its_weights)
    assert first[0].failure is None
    assert after == expected
    rules.fail("memory", times=2)
    (record, weights), after = results(make(), space, [bad, good])
    assert record.failure == "out of memory: CUDA out of memory. Tried to allocate 2.00 GiB"
    assert (record.batch, weights) == (smaller.batch, b"")
    assert after == expected


def test_failed_device_gets_new_process_without_loss(rules: FaultyRules, space: Space) -> None:
    """The process that saw the error would fail in all later trainings, as a CUDA context does."""
    bad, good = genomes(space)
    expected = [undisturbed(space, bad), undisturbed(space, good)]
    rules.fail("device", times=1)
    executor = DeviceExecutor(["cpu"], slots=1)
    assert results(executor, space, [bad, good]) == expected
    assert rules.times_left == 0
    assert executor._workers[0].incarnation == 2


@pytest.mark.parametrize("slots", [1, 2])
def test_candidate_that_breaks_its_device_fails_alone(
    rules: FaultyRules, space: Space, slots: int
) -> None:
    bad, good = genomes(space)
    expected = undisturbed(space, good)
    rules.fail("device", times=ALWAYS)
    executor = DeviceExecutor(["cpu"], slots=slots)
    (record, _), after = results(executor, space, [bad, good])
    assert record.failure == "worker lost: cpu failed: CUDA error: device-side assert triggered"
    assert record.is_lost_from_outside
    assert after == expected
