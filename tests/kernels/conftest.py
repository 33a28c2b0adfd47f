"""Run kernels on a GPU if there is one, else in Triton's interpreter on the CPU."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from evonas.rules.kernels import feedback, flat_sgd, node, projection, separable


@pytest.fixture(scope="session")
def device() -> torch.device:
    """Device of the kernels."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


OPERATORS: dict[Any, Any] = {
    feedback.refresh_op: feedback.reference,
    flat_sgd.sgd_op: flat_sgd.reference,
    node.join_op: node.reference,
    node.join_backward_op: node.reference_backward,
    projection.spread_op: projection.reference,
    separable.separable_op: separable.reference,
    separable.separable_backward_op: separable.reference_backward,
}


@pytest.fixture
def calls() -> Iterator[dict[Any, int]]:
    """Number of kernel launches by operator; the kernels are used on the CPU, too."""
    counts = dict.fromkeys(OPERATORS, 0)

    def counted(operator: Any) -> Any:
        def run(*arguments: Any) -> Any:
            counts[operator] += 1
            return operator._init_fn(*arguments)

        return run

    for operator in OPERATORS:
        operator.register_kernel("cpu")(counted(operator))
    yield counts
    for operator, reference in OPERATORS.items():
        operator.register_kernel("cpu")(reference)
