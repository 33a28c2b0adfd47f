"""Running out of memory: under a system limit, and with every allocator's error message."""

import errno
import json
import random
import subprocess
import sys
import weakref
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch

from evonas.errors import DataError
from evonas.evaluation import evaluate as module
from evonas.evaluation.candidate import candidate_network
from evonas.evaluation.data.images import Images
from evonas.evaluation.data.loading import traits_of
from evonas.evaluation.evaluate import evaluate, evaluate_once, screen
from evonas.evaluation.memory import is_out_of_memory
from evonas.evaluation.objectives import Subject
from evonas.evaluation.objectives.guarded import guarded
from evonas.evaluation.protocol import Protocol, Stage
from evonas.evaluation.training.train import training
from evonas.networks import Network
from evonas.space import load
from evonas.study.shape import shaped_space
from tests.small_run import SMALL_RUN, changed

pytestmark = pytest.mark.system

SPACE = shaped_space(load("nas-bench-201"), SMALL_RUN)
GENOME = SPACE.canonical(SPACE.sample(random.Random(1)))
PROTOCOL = Protocol.of(SMALL_RUN)
HUGE = 10**15
FAILING: dict[str, Callable[[], object]] = {
    "torch": lambda: torch.empty(HUGE),
    "numpy": lambda: np.empty(HUGE),
    "python": lambda: bytearray(100 * HUGE),
}


def raised(fails: Callable[[], object]) -> BaseException:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        fails()
    return caught.value


def allocator_fails_at(monkeypatch: pytest.MonkeyPatch, batches: set[int], name: str) -> list[Any]:
    """Make training at these batch sizes fail to allocate; return weak references to networks."""
    met: list[Any] = []

    def failing(network: Network, *args: Any, recipe: Any, **kwargs: Any) -> Any:
        met.append(weakref.ref(network))
        if recipe.batch in batches:
            FAILING[name]()
        return (yield from training(network, *args, recipe=recipe, **kwargs))

    monkeypatch.setattr(module, "training", failing)
    return met


@pytest.mark.parametrize("name", sorted(FAILING))
def test_failed_allocations_are_recognised_as_out_of_memory(name: str) -> None:
    assert is_out_of_memory(raised(FAILING[name]))


@pytest.mark.parametrize(
    "problem",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("could not create a primitive"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("std::bad_alloc"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
    ],
)
def test_library_out_of_memory_messages_are_recognised(problem: Exception) -> None:
    assert is_out_of_memory(problem)


@pytest.mark.parametrize(
    "problem",
    [
        RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
        RuntimeError("CUDA error: device-side assert triggered"),
        OSError(errno.ENOSPC, "No space left on device"),
        ValueError("out of memory"),
    ],
)
def test_other_errors_are_not_out_of_memory(problem: Exception) -> None:
    assert not is_out_of_memory(problem)


def test_out_of_memory_is_recognised_by_the_cause() -> None:
    problem = DataError("not whole")
    problem.__cause__ = MemoryError()
    assert is_out_of_memory(problem)
    problem.__cause__ = OSError(errno.EIO, "Input/output error")
    assert not is_out_of_memory(problem)


@pytest.mark.parametrize("name", sorted(FAILING))
def test_out_of_memory_retries_with_half_the_batch(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, weights = evaluate(SPACE, GENOME, protocol=PROTOCOL.with_batch(25))
    met = allocator_fails_at(monkeypatch, {50}, name)
    record, again = evaluate(SPACE, GENOME, protocol=PROTOCOL)
    assert record.batch == 25
    assert replace(record, batch=None, seconds=0.0) == replace(expected, seconds=0.0)
    assert again == weights
    assert len(met) == 2
    assert [network() for network in met] == [None, None]  # both networks are freed


def test_out_of_memory_at_half_the_batch_is_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    met = allocator_fails_at(monkeypatch, {50, 25}, "torch")
    record, weights = evaluate(SPACE, GENOME, protocol=PROTOCOL)
    assert len(met) == 2
    assert record.ran_out_of_memory
    assert record.is_lost_from_outside
    assert record.failure is not None
    assert record.failure.startswith("out of memory: ")
    assert "allocate" in record.failure
    assert "\n" not in record.failure
    assert (record.batch, record.epochs, weights) == (25, 1, b"")


def test_retry_with_half_the_batch_ignores_the_checkpoint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    protocol = Protocol.of(changed(SMALL_RUN, epochs=2, fidelity=(1, 2)))
    _, checkpoint = evaluate(SPACE, GENOME, protocol=protocol, stage=Stage(1))
    assert checkpoint
    expected = evaluate(SPACE, GENOME, protocol=protocol, stage=Stage(2, batch=25))
    allocator_fails_at(monkeypatch, {50}, "torch")
    found = evaluate(SPACE, GENOME, protocol=protocol, stage=Stage(2, checkpoint))
    assert replace(found[0], seconds=0.0) == replace(expected[0], seconds=0.0)
    assert found[1] == expected[1]


def test_batch_of_three_is_not_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    met = allocator_fails_at(monkeypatch, {3}, "torch")
    record, _ = evaluate(SPACE, GENOME, protocol=PROTOCOL.with_batch(3))
    assert (record.ran_out_of_memory, record.batch, len(met)) == (True, None, 1)


def test_other_errors_in_training_are_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def mistaken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("shapes do not fit")
        yield

    monkeypatch.setattr(module, "training", mistaken)
    with pytest.raises(RuntimeError, match="shapes"):
        evaluate_once(SPACE, GENOME, protocol=PROTOCOL, stage=Stage())


def test_out_of_memory_in_objective_is_raised() -> None:
    images = Images(torch.zeros(1, 1, 8, 8, dtype=torch.uint8), torch.zeros(1, dtype=torch.long))
    network = candidate_network(SPACE, GENOME, traits_of("digits"), seed=0)
    subject = Subject(network, images, images, Fraction(0), attack_seed=0, input_shape=(1, 8, 8))
    with pytest.raises(MemoryError):
        guarded(lambda _: FAILING["python"](), name="own")(subject)  # type: ignore[arg-type, return-value]


def test_screening_passes_networks_too_large_to_build(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    protocol = Protocol.of(changed(SMALL_RUN, constraints=("params<=1",)))
    traits = traits_of("digits")
    assert screen(SPACE, GENOME, protocol=protocol, traits=traits) is not None
    monkeypatch.setattr(module, "candidate_network", lambda *_, **__: FAILING["torch"]())
    assert screen(SPACE, GENOME, protocol=protocol, traits=traits) is None


def test_candidate_fails_under_memory_limit_and_next_succeeds() -> None:
    command = [sys.executable, "-m", "tests.evaluation.under_a_limit", "20"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True)
    limited, free = json.loads(printed.stdout)
    assert limited[0].startswith("out of memory: ")
    assert limited[1:] == [512, None, 0]
    assert free[:2] == [None, None]
    assert free[2] > 0.0


def test_candidates_after_failed_kernel_of_onednn_are_evaluated() -> None:
    command = [sys.executable, "-m", "tests.evaluation.kernel_without_memory"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(printed.stdout)
    # first attempt, and repeated at half the batch
    assert found["first"] == ["out of memory: could not create a primitive", None]
    assert found["retried"] == [None, 25]
    assert found["next"] == found["elsewhere"]
    assert found["threads"] == 1
