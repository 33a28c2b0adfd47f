"""Candidates from trainings: means by hand, errors in closed form, counts of collapses."""

import hashlib
import json
import math
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evonas.evaluation.record import Evaluation
from evonas.search.problem import draw
from evonas.search.replicates.collapse import collapsed
from evonas.space import Space, load
from evonas.study.results.candidate import Candidate, candidates_of, front
from evonas.study.results.likely import GOOD_CHANCE, likely_front
from evonas.study.results.standing import (
    plain_standings,
    read_standings,
    standings,
    write_standings,
)
from evonas.study.results.ties import ties
from tests.known_candidates import candidates
from tests.small_run import SMALL_RUN, changed

OBJECTIVES = ("acc", "params")


def trained(key: str, replicate: int, acc: float | None, **others: Any) -> Evaluation:
    """A training measured on 100 images; failed if the accuracy is None."""
    values = {"params": 1000.0} | ({} if acc is None else {"acc": acc})
    known: dict[str, Any] = {
        "failure": "diverged: at once" if acc is None else None,
        "learned": None if acc is None else max(0.0, (acc - 0.1) / 0.9),
        "num_images": {} if acc is None else {"acc": 100},
    }
    return Evaluation(
        key, key, values, {"fa": 9}, (1.0,), 6, 2.0, 100 + replicate, replicate=replicate,
        **{**known, **others},
    )  # fmt: skip


def several(key: str, *accuracies: float | None) -> list[Evaluation]:
    return [trained(key, number, acc) for number, acc in enumerate(accuracies)]


def only(*accuracies: float | None, replicates: str = "2") -> Candidate:
    (found,) = candidates(several("a", *accuracies), OBJECTIVES, replicates=replicates)
    return found


def test_values_are_means_and_errors_include_training_and_images() -> None:
    found = only(0.8, 0.6, 0.7)
    assert found.values["acc"] == found.means["acc"] == pytest.approx(0.7)
    assert found.replicates == 3
    assert found.seconds == 6.0
    # a variance of .01 with two degrees of freedom, over three trainings
    assert found.noise["acc"] == pytest.approx(math.sqrt(0.01 / 3))
    assert found.errors["acc"] == pytest.approx(math.sqrt(0.01 / 3 + 0.7 * 0.3 / 100))
    assert found.errors["params"] == 0.0


def test_single_replicate_reports_no_training_noise() -> None:
    found = only(0.8, replicates="1")
    assert found.values == found.trainings[0].values
    assert found.errors == {"acc": None, "params": None}
    assert found.p_front is None
    assert found.on_front


def test_single_replicate_gets_pooled_noise_of_repeated_ones() -> None:
    trainings = [*several("a", 0.8, 0.6), *several("b", 0.5)]
    _, alone = candidates(trainings, OBJECTIVES, replicates="2")
    assert alone.noise["acc"] == pytest.approx(math.sqrt(0.02))


def test_collapsed_training_is_counted_but_not_averaged() -> None:
    found = only(0.1, 0.8, 0.82)
    assert found.values["acc"] == pytest.approx(0.81)
    assert (found.replicates, found.collapsed) == (3, 1)
    assert found.representative.replicate == 1
    assert found.contends


def test_failed_training_is_counted_but_not_averaged() -> None:
    found = only(0.8, None, 0.82)
    assert found.values["acc"] == pytest.approx(0.81)
    assert found.collapsed == 1
    assert found.failure is None


def test_training_outside_constraints_is_averaged_but_not_representative() -> None:
    outside: dict[str, Any] = {"violation": 0.2, "left_out": "outside acc>=0.75"}
    first, second, third = several("a", 0.7, 0.8, 0.9)
    # the first training was not attacked, since it was outside
    lacking = replace(first, values={"params": 1000.0}, num_images={}, **outside)
    (found,) = candidates([lacking, second, third], OBJECTIVES, replicates="3")
    assert found.values["acc"] == pytest.approx(0.85)
    noise = found.noise["acc"]
    assert noise is not None
    assert found.errors["acc"] == pytest.approx(math.sqrt(noise**2 + 0.85 * 0.15 / 100))
    assert (found.representative.replicate, found.on_front) == (1, True)
    (found,) = candidates([replace(first, **outside), second, third], OBJECTIVES, replicates="3")
    assert found.values["acc"] == pytest.approx(0.8)
    assert (found.representative.replicate, found.violation) == (1, 0.0)


def test_candidate_losing_half_of_its_trainings_fails() -> None:
    found = only(0.8, 0.1)
    assert found.failure == "collapsed: 1 of 2 trainings"
    assert not found.contends
    assert not found.on_front
    assert only(None, 0.8).failure == "collapsed: 1 of 2 trainings, as diverged: at once"
    assert only(None).failure == "diverged: at once"


@pytest.mark.parametrize(
    ("learned", "expected"),
    [
        ([0.0, 0.8], [True, False]),
        ([0.2, 0.8], [True, False]),  # a quarter of the best is not enough
        ([0.21, 0.8], [False, False]),
        ([0.0, 0.0], [False, False]),  # then the network just does not learn
        ([None, 0.9, 0.0], [False, False, True]),
        ([], []),
    ],
)
def test_collapse_is_judged_relative_to_the_best_training(
    learned: list[float | None], expected: list[bool]
) -> None:
    assert collapsed(learned) == expected


def test_front_prefers_replicated_candidates() -> None:
    trainings = [*several("a", 0.7, 0.72), *several("b", 0.9), *several("c", 0.6, 0.6)]
    found = candidates(trainings, OBJECTIVES, replicates="2")
    assert [c.key for c in front(found, OBJECTIVES)] == ["a"]
    found = candidates([*several("a", 0.7), *several("b", 0.9)], OBJECTIVES, replicates="2")
    assert [c.key for c in front(found, OBJECTIVES)] == ["b"]


def test_stopped_candidates_are_off_front_without_lowering_other_chances() -> None:
    trainings = [
        *several("a", 0.7, 0.72),
        replace(trained("b", 0, 0.99), left_out="stopped after 1 of 6 epochs", epochs=1),
    ]
    a, b = candidates(trainings, OBJECTIVES, replicates="2")
    assert (a.p_front, b.p_front) == (1.0, 0.0)
    assert b.left_out == "stopped after 1 of 6 epochs"
    assert not b.on_front


def test_full_training_replaces_stopped_one() -> None:
    part = replace(trained("a", 0, 0.5), left_out="stopped after 1 of 6 epochs", epochs=1)
    (found,) = candidates([part, trained("a", 1, 0.8)], OBJECTIVES, replicates="2")
    assert found.values["acc"] == 0.8
    assert found.contends


def test_candidates_tie_within_two_errors_of_their_difference() -> None:
    # each mean has the variance .0002 / 2, so the error of a difference is .01414
    level = candidates([*several("a", 0.71, 0.69), *several("b", 0.735, 0.715)], OBJECTIVES,
                       replicates="2")  # fmt: skip
    assert ties(level, OBJECTIVES) == {"a": ["b"], "b": ["a"]}
    apart = candidates([*several("a", 0.71, 0.69), *several("b", 0.745, 0.725)], OBJECTIVES,
                       replicates="2")  # fmt: skip
    assert ties(apart, OBJECTIVES) == {"a": [], "b": []}
    once = candidates([*several("a", 0.7), *several("b", 0.7)], OBJECTIVES)
    assert ties(once, OBJECTIVES) == {"a": [], "b": []}


def test_likely_front_includes_candidates_with_good_chance() -> None:
    trainings = [*several("a", 0.71, 0.69), *several("b", 0.705, 0.685), *several("c", 0.4, 0.4)]
    found = candidates(trainings, ("acc",), replicates="2")
    chances = {c.key: c.p_front or 0.0 for c in found}
    assert sum(chances.values()) == pytest.approx(1.0)
    assert chances["c"] == 0.0
    assert chances["b"] >= GOOD_CHANCE
    assert [c.key for c in likely_front(found)] == ["a", "b"]
    assert [c.key for c in front(found, ("acc",))] == ["a"]


@pytest.fixture(scope="module")
def space() -> Space:
    whole = load("nas-bench-201").resized(channels=4, cells=1)
    return whole.with_rules(("fa", "usf"))


def drawn(space: Space, count: int) -> list[Evaluation]:
    """Trainings of random genomes, every third twice, with noise of .02 about their mean."""
    rng, found = random.Random(4), dict[str, list[Evaluation]]()
    while len(found) < count:
        genome = space.canonical(draw(space, rng=rng))
        key, center = space.key(genome), 0.5 + 0.02 * sum(genome.values[:6])
        times = 2 if len(found) % 3 == 0 else 1
        found[key] = [
            replace(trained(key, i, center + rng.gauss(0.0, 0.02)), genome=space.format(genome))
            for i in range(times)
        ]
    first = [some[0] for some in found.values()]
    return first + [training for some in found.values() for training in some[1:]]


def test_auto_beliefs_shrink_noise_and_shift_means(space: Space) -> None:
    settings = changed(SMALL_RUN, objectives=("acc",), replicates="auto")
    trainings = drawn(space, 30)
    believed = candidates_of(
        trainings, standings(trainings, settings, space=space), objectives=("acc",)
    )
    plain = candidates_of(trainings, plain_standings(trainings, settings), objectives=("acc",))
    for one, other in zip(believed, plain, strict=True):
        assert one.means == other.means
        assert 0.0 < (one.noise["acc"] or 0.0) <= (other.noise["acc"] or 0.0) * (1 + 1e-9)
    assert any(abs(c.values["acc"] - c.means["acc"]) > 1e-6 for c in believed)
    assert all(c.replicates == 2 for c in front(believed, ("acc",)))


def test_saved_standings_are_read_back_unless_stale_or_invalid(tmp_path: Path) -> None:
    settings = changed(SMALL_RUN, objectives=("acc",), replicates="2")
    trainings = [*several("a", 0.7, 0.72), *several("b", None), *several("c", 0.5)]
    found = plain_standings(trainings, settings)
    write_standings(tmp_path, found, trainings=trainings)
    assert read_standings(tmp_path, trainings=trainings) == found
    assert read_standings(tmp_path, trainings=trainings[::-1]) == found
    path = tmp_path / "standings.json"
    another = [*trainings[:-1], replace(trainings[-1], key="d")]
    better = [*trainings[:-1], *several("c", 0.9)]
    retried = [*trainings[:2], *several("b", 0.6), *several("c", 0.5)]
    for others in (trainings[1:], [*trainings, *several("e", 0.5)], another, better, retried):
        assert read_standings(tmp_path, trainings=others) is None
    document = {"trainings": 4, "standings": json.loads(path.read_text())["standings"]}
    text = json.dumps(document, sort_keys=True).encode()
    path.write_text(json.dumps({**document, "sha256": hashlib.sha256(text).hexdigest()}))
    assert read_standings(tmp_path, trainings=trainings) == found  # of an earlier version
    assert read_standings(tmp_path, trainings=another) is None
    wrong = json.dumps({"trainings": 4, "standings": {"a": 1}})
    for rubbish in ("", "[]", "null", '{"trainings": 4}', wrong):
        path.write_text(rubbish)
        assert read_standings(tmp_path, trainings=trainings) is None
    path.unlink()
    assert read_standings(tmp_path, trainings=trainings) is None


def measured(number: int, **values: float) -> Evaluation:
    """A training with values of several kinds of error."""
    plain = trained("a", number, 0.8)
    return replace(
        plain, values={**plain.values, **values}, image_errors={"ece": 0.02},
        repeat_errors={"latency": 0.3},
    )  # fmt: skip


def test_errors_combine_sources_declared_by_each_objective() -> None:
    names = ("acc", "ece", "latency", "energy")
    some = [
        measured(0, ece=0.10, latency=3.0, energy=5.0),
        measured(1, ece=0.14, latency=4.0, energy=5.0),
    ]
    (found,) = candidates(some, names, replicates="2")
    # a variance of .0008 over two trainings, and the estimate's own error, which they share
    assert found.errors["ece"] == pytest.approx(math.sqrt(0.0008 / 2 + 0.02**2))
    # each training repeats the measurement, so the spread includes its error
    assert found.errors["latency"] == pytest.approx(math.sqrt(0.5 / 2))
    assert found.errors["energy"] == 0.0
    assert found.errors["acc"] == pytest.approx(math.sqrt(0.8 * 0.2 / 100))


def test_single_replicate_reports_only_repeat_errors() -> None:
    names = ("acc", "ece", "latency")
    some = [measured(0, ece=0.10, latency=3.0)]
    (found,) = candidates(some, names, replicates="1")
    assert found.errors == {"acc": None, "ece": None, "latency": 0.3}
    assert found.noise == dict.fromkeys(names)
