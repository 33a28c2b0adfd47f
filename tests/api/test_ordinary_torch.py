"""Results do not depend on the state of torch, which is restored; oracle: a plain call."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import evonas

SMALL: dict[str, Any] = {
    "objectives": ["acc", "params"], "rules": ["usf", "fa"], "epochs": 1, "images": 60,
    "batch": 20, "channels": 4,
}  # fmt: skip
GENOME = "|conv_3x3~0|+|skip~0|+|skip~1| @ usf fa"


@contextmanager
def default_dtype() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


STATES: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "float64": default_dtype,
    "meta device": lambda: torch.device("meta"),
}


def state() -> tuple[object, ...]:
    return (
        torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.get_default_dtype(),
        torch.is_autocast_enabled("cpu"), torch.get_default_device(), torch.get_num_threads(),
    )  # fmt: skip


@pytest.mark.parametrize("name", STATES)
def test_evaluation_is_the_same_in_every_state(name: str) -> None:
    expected = evonas.evaluate("tiny", GENOME, **SMALL)
    with STATES[name]():
        before = state()
        found = evonas.evaluate("tiny", GENOME, **SMALL)
        assert state() == before
    assert found.values == expected.values
    assert found.network is not None
    assert expected.network is not None
    for one, other in zip(found.network.parameters(), expected.network.parameters(), strict=True):
        assert one.dtype == torch.float32
        assert torch.equal(one, other)


@pytest.mark.parametrize("name", STATES)
def test_attack_is_the_same_in_every_state(name: str) -> None:
    generator = torch.Generator().manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 3))
    with torch.no_grad():
        network[1].weight.copy_(torch.randn(3, 12, generator=generator))  # type: ignore[operator]
    images = torch.rand(20, 3, 2, 2, generator=generator)
    labels = network(images).argmax(1)
    expected = evonas.attack(network, images, labels, epsilon=0.05, progress=False)
    with STATES[name]():
        found = evonas.attack(network, images, labels, epsilon=0.05, progress=False)
    assert 0 < expected.worst_case[expected.outcomes[0].epsilon] < 1
    assert found.masking == expected.masking
    assert [each.robust for each in found.outcomes] == [each.robust for each in expected.outcomes]


def test_search_may_be_called_without_gradients(tmp_path: Path) -> None:
    given = {**SMALL, "population": 2, "generations": 1, "workers": 1, "confirm": 0}
    tables = []
    for number, name in enumerate(("", *STATES)):
        with STATES[name]() if name else nullcontext():
            study = evonas.search("tiny", out=tmp_path / str(number), progress=False, **given)
        tables.append(study.candidates.drop(columns="seconds").to_csv())
    assert set(tables) == {tables[0]}
