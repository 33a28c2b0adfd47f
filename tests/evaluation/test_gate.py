"""Cheap objectives gate expensive ones: what is skipped could not have been on the front."""

import random
from dataclasses import replace

import pytest

from evonas.errors import ObjectiveFailed
from evonas.evaluation import evaluate as module
from evonas.evaluation.data.loading import traits_of
from evonas.evaluation.evaluate import evaluate, screen
from evonas.evaluation.objectives import OBJECTIVES, Subject
from evonas.evaluation.protocol import Protocol, Stage
from evonas.space import Space
from tests.small_run import changed_protocol

ALIVE = "|nor_conv_1x1~0|+|skip_connect~0|none~1|+|skip_connect~0|none~1|avg_pool_3x3~2|"
BEST = ((-1.0, -1.0),)  # nothing is better


@pytest.fixture
def protocol(protocol: Protocol) -> Protocol:
    return changed_protocol(protocol, epochs=2, batch=40, gate="skip")


def test_a_dominated_candidate_is_not_attacked_and_its_bound_is_kept(
    space: Space, protocol: Protocol
) -> None:
    record, weights = evaluate(
        space, space.parse(ALIVE), protocol=protocol, stage=Stage(rivals=BEST)
    )
    assert "robust" not in record.values
    assert set(record.bounds) == {"robust"}
    assert record.left_out is not None
    assert record.left_out.startswith("dominated even with robust 0.")
    assert not record.contends
    assert weights == b""


@pytest.mark.parametrize("seed", range(6))
def test_no_candidate_is_more_robust_than_its_bound(
    space: Space, protocol: Protocol, seed: int
) -> None:
    """So what dominates the bound dominates the candidate."""
    genome = space.canonical(space.sample(random.Random(seed)))
    measured = changed_protocol(protocol, gate="measure", epsilon="1/255")
    record, _ = evaluate(space, genome, protocol=measured, stage=Stage(rivals=BEST))
    if record.failure is None:
        assert record.values["robust"] <= record.bounds["robust"]
        assert record.left_out is not None


def test_rivals_that_leave_a_hope_skip_nothing(space: Space, protocol: Protocol) -> None:
    genome = space.parse(ALIVE)
    free, _ = evaluate(space, genome, protocol=protocol)
    gated, _ = evaluate(space, genome, protocol=protocol, stage=Stage(rivals=BEST))
    best = (-free.values["acc"], -gated.bounds["robust"])
    for rivals in ((best,), ((best[0] + 0.01, -1.0), (-1.0, best[1] + 0.01))):
        record, _ = evaluate(space, genome, protocol=protocol, stage=Stage(rivals=rivals))
        assert replace(record, seconds=0) == replace(free, seconds=0)


def test_a_rival_that_is_equal_in_one_and_better_in_the_other_is_enough(
    space: Space, protocol: Protocol
) -> None:
    genome = space.parse(ALIVE)
    gated, _ = evaluate(space, genome, protocol=protocol, stage=Stage(rivals=BEST))
    acc, bound = gated.values["acc"], gated.bounds["robust"]
    for rival in ((-acc, -bound - 0.01), (-acc - 0.01, -bound)):
        record, _ = evaluate(space, genome, protocol=protocol, stage=Stage(rivals=(rival,)))
        assert replace(record, seconds=0) == replace(gated, seconds=0)


def test_a_candidate_half_way_is_never_gated(space: Space, protocol: Protocol) -> None:
    """It is compared with others of its rung, by all objectives."""
    stage = Stage(epochs=1, rivals=BEST)
    record, checkpoint = evaluate(space, space.parse(ALIVE), protocol=protocol, stage=stage)
    assert set(record.values) >= {"acc", "robust"}
    assert record.left_out == "stopped after 1 of 2 epochs"
    assert checkpoint


def test_what_breaks_a_free_constraint_is_not_trained(
    space: Space, protocol: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "training", None)  # a call would fail
    strict = changed_protocol(protocol, constraints=("params<=1k",))
    genome = space.parse(ALIVE)
    record, weights = evaluate(space, genome, protocol=strict)
    assert (record.epochs, record.losses, weights) == (0, (), b"")
    assert record.violation == pytest.approx(record.values["params"] / 1000 - 1)
    assert record.left_out == f"outside params<=1k ({record.values['params']:.0f})"
    screened = screen(space, genome, protocol=strict, traits=traits_of("digits"))
    assert screened is not None
    assert replace(screened, seconds=0) == replace(record, seconds=0)


def test_an_estimate_of_energy_is_a_free_constraint_like_any_other(
    space: Space, protocol: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "training", None)  # a call would fail
    strict = changed_protocol(protocol, constraints=("energy<=1", "energy_training<=1"))
    genome = space.parse(ALIVE)
    record, _ = evaluate(space, genome, protocol=strict)
    assert record.violation == pytest.approx(
        record.values["energy"] + record.values["energy_training"] - 2
    )
    screened = screen(space, genome, protocol=strict, traits=traits_of("digits"))
    assert screened is not None
    assert replace(screened, seconds=0) == replace(record, seconds=0)


def test_what_has_no_value_before_training_is_not_screened_out_but_fails(
    space: Space, protocol: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(_: Subject) -> float:
        raise ObjectiveFailed("params: broken")

    broken = replace(OBJECTIVES["params"], measure=break_down)
    monkeypatch.setitem(OBJECTIVES._ours, "params", broken)
    strict = changed_protocol(protocol, constraints=("params<=1k",))
    genome = space.parse(ALIVE)
    assert screen(space, genome, protocol=strict, traits=traits_of("digits")) is None
    record, _ = evaluate(space, genome, protocol=strict)
    assert record.failure == "objective: params: broken"


def test_what_keeps_to_the_free_constraints_is_trained(space: Space, protocol: Protocol) -> None:
    genome, traits = space.parse(ALIVE), traits_of("digits")
    for text in ("params<=1M", "acc>=100%"):
        wide = changed_protocol(protocol, constraints=(text,))
        assert screen(space, genome, protocol=wide, traits=traits) is None


def test_what_breaks_a_measured_constraint_is_measured_no_further(
    space: Space, protocol: Protocol
) -> None:
    strict = changed_protocol(protocol, constraints=("acc>=100%",))
    record, weights = evaluate(space, space.parse(ALIVE), protocol=strict)
    assert "robust" not in record.values
    assert record.violation == pytest.approx(1 - record.values["acc"])
    assert record.epochs == 2
    assert weights == b""


def test_a_constraint_alone_has_its_objective_measured(space: Space, protocol: Protocol) -> None:
    strict = changed_protocol(protocol, objectives=("params",), constraints=("robust>=0",))
    record, _ = evaluate(space, space.parse(ALIVE), protocol=strict)
    assert "robust" in record.values
    assert record.contends
