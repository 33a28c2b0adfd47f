"""Guarded third-party functions: their values, side effects and failures."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch

from evonas.errors import CandidateFailure, MaskedAttack, ObjectiveFailed
from evonas.evaluation.data.images import Images
from evonas.evaluation.objectives import MeasuredValue, Objective, Subject
from evonas.evaluation.objectives.guarded import guarded
from evonas.networks import build
from evonas.space import load


@pytest.fixture
def subject() -> Subject:
    space = load("nas-bench-201").resized(channels=4, cells=1).with_rules(("fa",))
    text = "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"
    network = build(
        space,
        space.parse(f"{text} @ " + "fa " * 22),
        input_shape=(1, 8, 8),
        num_classes=10,
        seed=0,
    )
    images = Images(torch.zeros(4, 1, 8, 8, dtype=torch.uint8), torch.zeros(4, dtype=torch.long))
    return Subject(network, images, images, Fraction(0), 7, (1, 8, 8))


def measured(measure: Callable[[Subject], Any], subject: Subject) -> MeasuredValue:
    call = guarded(measure, name="m:f")
    return Objective("m:f", "x", "maximise", "forward", "", None, call).value_of(subject)


@pytest.mark.parametrize(
    "given", [2, 2.0, np.float32(2), np.array([2.0]), torch.tensor(2.0), torch.tensor([2])]
)
def test_every_number_type_is_accepted_as_value(given: object, subject: Subject) -> None:
    found = measured(lambda _: given, subject)
    assert found == MeasuredValue(2.0)
    assert type(found.value) is float
    both = measured(lambda _: MeasuredValue(given, torch.tensor(0.5)), subject)  # type: ignore[arg-type]
    assert both == MeasuredValue(2.0, 0.5)


@pytest.mark.parametrize(
    ("measure", "message"),
    [
        (lambda _: 1 / 0, "m:f: ZeroDivisionError: division by zero"),
        (lambda _: float("nan"), "m:f: expected a finite number, got nan"),
        (lambda _: torch.tensor(float("inf")), "m:f: expected a finite number, got inf"),
        (lambda _: None, "m:f: expected a number, got None"),
        (lambda _: "2", "m:f: expected a number, got '2'"),
        (lambda _: torch.zeros(3), "m:f: expected a number, got tensor"),
        (lambda _: MeasuredValue(1.0, -1.0), "m:f: expected a standard error of at least 0"),
        (lambda _: MeasuredValue(1.0, float("nan")), "m:f: expected a standard error"),
    ],
)
def test_errors_and_invalid_values_fail_the_candidate(
    measure: Callable[[Subject], Any], message: str, subject: Subject
) -> None:
    with pytest.raises(ObjectiveFailed, match=message) as caught:
        measured(measure, subject)
    assert caught.value.kind == "objective"


def test_candidate_failures_and_out_of_memory_pass_through(subject: Subject) -> None:
    def mask(_: Subject) -> float:
        raise MaskedAttack("masked")

    def fill(_: Subject) -> float:
        raise torch.OutOfMemoryError("full")

    with pytest.raises(MaskedAttack) as caught:
        measured(mask, subject)
    assert isinstance(caught.value, CandidateFailure)
    with pytest.raises(torch.OutOfMemoryError):
        measured(fill, subject)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_generator_of_the_gpu_is_seeded_and_restored(subject: Subject) -> None:
    there = replace(
        subject,
        network=subject.network.cuda(),
        attacked=subject.attacked.to(torch.device("cuda:0")),
    )
    before = torch.cuda.get_rng_state()
    first, second = (measured(lambda _: torch.rand((), device="cuda"), there) for _ in range(2))
    assert first == second
    assert torch.equal(torch.cuda.get_rng_state(), before)


def test_network_and_generator_are_restored(subject: Subject) -> None:
    subject.network.train()
    torch.manual_seed(3)
    state = torch.get_rng_state()

    def draw(given: Subject) -> float:
        assert not given.network.training
        assert not any(p.requires_grad for p in given.network.parameters())
        given.network.train()
        return float(torch.rand(()))

    first, second = measured(draw, subject), measured(draw, subject)
    assert first == second
    assert subject.network.training
    assert all(p.requires_grad for p in subject.network.parameters())
    assert torch.equal(torch.get_rng_state(), state)
