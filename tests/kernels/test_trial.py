"""Oracle: the kernels themselves, unchanged and with an error planted in one of them."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from evonas.rules.kernels import flat_sgd, has_kernels_on, problem_with
from evonas.rules.kernels.trial import TRIALS, _expected

pytest.importorskip("triton", reason="the kernels are Triton's")
pytestmark = pytest.mark.kernels


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    for name in TRIALS:
        _expected(name)  # computed by the references, before kernels replace them
    problem_with.cache_clear()
    yield
    problem_with.cache_clear()


def test_correct_kernels_are_used(calls: dict[Any, int]) -> None:
    assert problem_with("cpu") is None
    assert all(calls.values())


def test_wrong_or_failing_kernel_is_named(calls: dict[Any, int]) -> None:
    def wrong(parameters: torch.Tensor, *rest: Any) -> None:
        flat_sgd.reference(parameters, *rest)
        parameters[7] += 1.0

    def failing(*_: Any) -> None:
        raise RuntimeError("no such\ncompiler")

    assert calls
    flat_sgd.sgd_op.register_kernel("cpu")(wrong)
    reason = problem_with("cpu")
    assert reason is not None
    assert reason.startswith("sgd: differs from its reference by ")
    problem_with.cache_clear()
    flat_sgd.sgd_op.register_kernel("cpu")(failing)
    assert problem_with("cpu") == "sgd: RuntimeError: no such compiler"


def test_lack_of_memory_says_nothing_about_kernels(calls: dict[Any, int]) -> None:
    def failing(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    assert calls
    sgd = flat_sgd.sgd_op
    sgd.register_kernel("cpu")(failing)
    with pytest.raises(torch.OutOfMemoryError):
        problem_with("cpu")
    sgd.register_kernel("cpu")(flat_sgd.reference)
    assert problem_with("cpu") is None


def test_cpu_has_no_kernels() -> None:
    assert not has_kernels_on("cpu")
