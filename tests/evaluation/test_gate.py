"""Cheap objectives gate expensive ones: skipped candidates could not have reached the front."""

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


def test_dominated_candidate_is_not_attacked_and_keeps_its_bound(
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
def test_robust_accuracy_is_at_most_its_bound(space: Space, protocol: Protocol, seed: int) -> None:
    """Hence a rival that dominates the bound dominates the candidate."""
    genome = space.canonical(space.sample(random.Random(seed)))
    measured = changed_protocol(protocol, gate="measure", epsilon="1/255")
    record, _ = evaluate(space, genome, protocol=measured, stage=Stage(rivals=BEST))
    assert record.failure is None
    assert record.values["robust"] <= record.bounds["robust"]
    assert record.left_out is not None


def test_non_dominating_rivals_skip_nothing(space: Space, protocol: Protocol) -> None:
    genome = space.parse(ALIVE)
    free, _ = evaluate(space, genome, protocol=protocol)
    gated, _ = evaluate(space, genome, protocol=protocol, stage=Stage(rivals=BEST))
    best = (-free.values["acc"], -gated.bounds["robust"])
    for rivals in ((best,), ((best[0] + 0.01, -1.0), (-1.0, best[1] + 0.01))):
        record, _ = evaluate(space, genome, protocol=protocol, stage=Stage(rivals=rivals))
        assert replace(record, seconds=0) == replace(free, seconds=0)


def test_weakly_dominating_rival_gates_the_candidate(space: Space, protocol: Protocol) -> None:
    genome = space.parse(ALIVE)
    gated, _ = evaluate(space, genome, protocol=protocol, stage=Stage(rivals=BEST))
    acc, bound = gated.values["acc"], gated.bounds["robust"]
    for rival in ((-acc, -bound - 0.01), (-acc - 0.01, -bound)):
        record, _ = evaluate(space, genome, protocol=protocol, stage=Stage(rivals=(rival,)))
        assert replace(record, seconds=0) == replace(gated, seconds=0)


def test_partially_trained_candidate_is_never_gated(space: Space, protocol: Protocol) -> None:
    """It is compared with others on its rung, by all objectives."""
    stage = Stage(epochs=1, rivals=BEST)
    record, checkpoint = evaluate(space, space.parse(ALIVE), protocol=protocol, stage=stage)
    assert set(record.values) >= {"acc", "robust"}
    assert record.left_out == "stopped after 1 of 2 epochs"
    assert checkpoint


def test_candidate_violating_free_constraint_is_not_trained(
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


def test_energy_constraints_are_checked_before_training(
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


def test_failing_free_objective_fails_instead_of_screening_out(
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


def test_candidate_meeting_free_constraints_passes_screening(
    space: Space, protocol: Protocol
) -> None:
    genome, traits = space.parse(ALIVE), traits_of("digits")
    for text in ("params<=1M", "acc>=100%"):
        wide = changed_protocol(protocol, constraints=(text,))
        assert screen(space, genome, protocol=wide, traits=traits) is None


def test_candidate_violating_accuracy_constraint_is_not_attacked(
    space: Space, protocol: Protocol
) -> None:
    strict = changed_protocol(protocol, constraints=("acc>=100%",))
    record, weights = evaluate(space, space.parse(ALIVE), protocol=strict)
    assert "robust" not in record.values
    assert record.violation == pytest.approx(1 - record.values["acc"])
    assert record.epochs == 2
    assert weights == b""


def test_constraint_on_unlisted_objective_is_measured(space: Space, protocol: Protocol) -> None:
    strict = changed_protocol(protocol, objectives=("params",), constraints=("robust>=0",))
    record, _ = evaluate(space, space.parse(ALIVE), protocol=strict)
    assert "robust" in record.values
    assert record.contends


def test_replicate_outside_constraints_is_measured_in_full(
    space: Space, protocol: Protocol
) -> None:
    strict = changed_protocol(protocol, constraints=("acc>=99.9%",))
    genome = space.parse(ALIVE)
    first, _ = evaluate(space, genome, protocol=strict)
    again, _ = evaluate(space, genome, protocol=strict, stage=Stage(replicate=1))
    free, _ = evaluate(space, genome, protocol=protocol, stage=Stage(replicate=1))
    assert first.violation > 0 < again.violation
    assert "robust" not in first.values
    assert again.values["robust"] == free.values["robust"]
    assert again.left_out == f"outside acc>=99.9% ({again.values['acc']:.12g})"
