"""A network against its controls: pairs by hand, Holm's procedure step by step, failures."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from scipy import stats

from evonas.evaluation.record import Evaluation
from evonas.report.controls.comparison import Comparison, compare_controls
from evonas.report.controls.files import controls_table, write_tables
from evonas.report.controls.order import by_difference
from evonas.report.controls.plot import draw_controls
from evonas.report.controls.twin import twin_differences
from evonas.report.controls.verdict import sentences, verdict
from evonas.study.controls.names import NETWORK, TWIN, group_of
from evonas.study.controls.reading import Trainings

NETWORK_ACC = [0.95, 0.96, 0.93, 0.97, 0.94]


def training(replicate: int, acc: float | None, *, learned: float = 0.9) -> Evaluation:
    is_lost = acc is None
    return Evaluation(
        key="k", genome="g",
        values={} if acc is None else {"acc": acc, "params": 12.0, "bio": 0.25},
        weights_by_rule={}, losses=(), epochs=1, seconds=1.0, seed=replicate,
        failure="diverged: at once" if is_lost else None, replicate=replicate,
        test_values={} if acc is None else {"acc": acc - 0.01},
        num_images={"acc": 100, "test_acc": 100}, learned=None if is_lost else learned,
    )  # fmt: skip


def trainings(**values: Sequence[float | None]) -> Trainings:
    """Trainings by control; underscores in the names stand for spaces."""
    return {
        name.replace("_", " "): [training(k, v) for k, v in enumerate(some, start=1)]
        for name, some in values.items()
    }


def row(found: list[Comparison], control: str, measure: str = "acc") -> Comparison:
    return next(c for c in found if (c.control, c.measure) == (control, measure))


def test_trainings_paired_by_replicate_match_paired_t_test() -> None:
    twin = [0.94, 0.97, 0.91, 0.95, 0.93]
    some = trainings(network=NETWORK_ACC, all_bp=twin)
    some[TWIN].reverse()  # the order in which they come does not matter
    found = row(compare_controls(some), TWIN)
    assert found.difference is not None
    assert found.difference.p == pytest.approx(stats.ttest_rel(NETWORK_ACC, twin).pvalue)
    assert found.difference.mean == pytest.approx(0.01)
    assert (found.pairs, found.trainings) == (5, 5)


def test_failed_and_collapsed_trainings_are_counted_but_not_averaged() -> None:
    some = trainings(network=NETWORK_ACC, all_fa=[0.9, None, 0.9, 0.8, 0.1])
    some["all fa"][4] = training(5, 0.1, learned=0.01)
    found = row(compare_controls(some), "all fa")
    assert (found.trainings, found.failed, found.collapsed, found.pairs) == (5, 1, 1, 3)
    assert found.own is not None
    assert found.own.mean == pytest.approx((0.9 + 0.9 + 0.8) / 3)
    assert found.difference is not None
    assert found.difference.mean == pytest.approx((0.05 + 0.03 + 0.17) / 3)
    assert any(
        "left out of the means: all fa 2 of 5" in line
        for line in sentences(compare_controls(some))
    )


def test_failed_training_of_network_is_excluded_from_pairs() -> None:
    some = trainings(network=[0.9, None, 0.9], all_bp=[0.8, 0.7, 0.8])
    assert row(compare_controls(some), TWIN).pairs == 2


def test_control_that_always_failed_is_not_compared() -> None:
    some = trainings(network=NETWORK_ACC, all_fa=[None] * 5)
    found = row(compare_controls(some), "all fa")
    assert (found.failed, found.own, found.difference, verdict(found)) == (
        5, None, None, "not compared",
    )  # fmt: skip


CONTROLS: Trainings = trainings(
    network=NETWORK_ACC,
    all_bp=[0.96, 0.96, 0.96, 0.97, 0.95],
    all_fa=[0.80, 0.82, 0.78, 0.81, 0.81],
    all_usf=[0.94, 0.93, 0.92, 0.96, 0.93],
    random_rules_1=[0.90, 0.91, 0.85, 0.93, 0.90],
    random_rules_2=[0.93, 0.95, 0.92, 0.96, 0.91],
    untrained_convolutions=[0.5, 0.6, 0.4, 0.55, 0.5],
)


def literal_holm(p_values: dict[str, float], alpha: float) -> set[str]:
    """Which hypotheses are rejected: from the smallest p on, until one is not (Holm 1979)."""
    rejected: set[str] = set()
    left = dict(p_values)
    while left:
        name = min(left, key=lambda each: left[each])
        if left[name] > alpha / len(left):
            return rejected
        rejected.add(name)
        del left[name]
    return rejected


@pytest.mark.parametrize("alpha", [0.001, 0.01, 0.03, 0.05, 0.2, 0.5])
def test_holm_adjusts_over_controls_with_groups_counted_once(
    alpha: float,
) -> None:
    rows = [c for c in compare_controls(CONTROLS) if c.measure == "acc" and c.difference]
    family = {c.control: c for c in rows if not c.is_member}
    assert set(family) == {"all bp", "all fa", "all usf", "random rules", "untrained convolutions"}
    p_values = {n: c.difference.p for n, c in family.items() if c.difference and c.difference.p}
    adjusted = {n for n, c in family.items() if c.p_holm is not None and c.p_holm <= alpha}
    assert adjusted == literal_holm(p_values, alpha)
    assert all(c.p_holm is None for c in rows if c.is_member)


def test_group_difference_is_mean_over_members() -> None:
    found = compare_controls(CONTROLS)
    group, *members = (row(found, f"random rules{n}") for n in ("", " 1", " 2"))
    assert (group.members, group.trainings, group.pairs) == (2, 10, 5)
    means = [m.difference.mean for m in members if m.difference]
    assert group.difference is not None
    assert group.difference.mean == pytest.approx(sum(means) / 2)
    assert [group_of(m.control) for m in members] == ["random rules"] * 2
    assert group_of("all rule 2") == "all rule 2"


def test_failed_member_training_excludes_its_seed_from_group() -> None:
    some = dict(CONTROLS)
    some["random rules 1"] = [training(k, 0.9 if k != 3 else None) for k in range(1, 6)]
    found = row(compare_controls(some), "random rules")
    assert (found.pairs, found.failed, found.trainings) == (4, 1, 10)


def test_group_is_not_tested_on_a_single_training_of_the_network() -> None:
    """Five assignments trained once each share the luck of the network's only training."""
    some = trainings(network=[0.9], **{f"random_rules_{n}": [0.8 + n / 100] for n in range(1, 6)})
    found = row(compare_controls(some), "random rules")
    assert found.difference is not None
    assert found.difference.mean == pytest.approx(0.07)
    assert (found.difference.low, found.p_holm, verdict(found)) == (None, None, "not compared")
    (line,) = (line for line in sentences(compare_controls(some)) if "random" in line)
    assert "cannot be tested, 1 pair(s) of trainings: difference +0.070" in line


def test_verdict_follows_sign_and_adjusted_p() -> None:
    found = [c for c in compare_controls(CONTROLS) if c.measure == "test_acc"]
    words = {c.control: verdict(c) for c in found}
    assert words["all fa"] == words["untrained convolutions"] == "better"
    assert words["all bp"] == "no difference found"
    worse = trainings(network=[0.5, 0.52, 0.51, 0.5], all_bp=[0.9, 0.91, 0.93, 0.9])
    lines = sentences(compare_controls(worse))
    assert lines[0].startswith("acc on the test part: the network is worse than its bp twin:")
    lines = sentences(compare_controls(CONTROLS))
    assert any("the network is better than all fa" in line for line in lines)
    assert not any(
        "validation" in line for line in lines
    )  # the network was selected on the validation part


def test_controls_are_ordered_by_their_lead_over_the_network() -> None:
    found = [c for c in compare_controls(CONTROLS) if c.measure == "acc"]
    names = [c.control for c in by_difference(found)]
    assert names[:2] == [NETWORK, "all bp"]
    assert names[-1] == "untrained convolutions"
    assert "random rules 1" not in names


def test_control_files_are_complete_and_reproducible(
    tmp_path: Path,
) -> None:
    found = compare_controls(CONTROLS)
    bytes_of = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_tables(tmp_path / name, "k", found, CONTROLS)
        home = tmp_path / name / "controls" / "k"
        bytes_of.append([(home / f"controls.{kind}").read_bytes() for kind in ("csv", "json")])
    assert bytes_of[0] == bytes_of[1]
    rows = list(csv.DictReader(bytes_of[0][0].decode().splitlines()))
    assert {r["control"] for r in rows} == {*CONTROLS, "random rules"}
    twin = next(r for r in rows if (r["control"], r["measure"]) == ("all bp", "acc"))
    assert float(twin["difference"]) == pytest.approx(-0.01)
    document = json.loads(bytes_of[0][1])
    assert document["verdict"] == sentences(found)
    assert [t["values"]["acc"] for t in document["trainings"]["network"]] == NETWORK_ACC
    assert len(controls_table(found, CONTROLS)) == len(rows)


def test_controls_table_has_each_number_in_its_column() -> None:
    values = [0.80, 0.82, 0.78, 0.81, 0.81]
    some = dict(CONTROLS)
    some["all fa"] = [*some["all fa"], training(6, None), training(7, 0.1, learned=0.01)]
    found = compare_controls(some)
    table = controls_table(found, some).set_index(["measure", "control"])
    expected = {"group": "", "members": 1, "trainings": 7, "failed": 1, "collapsed": 1,
                "pairs": 5, "verdict": "better", "params": 12, "network": "g"}  # fmt: skip
    assert dict(table.loc[("acc", "all fa"), [*expected]]) == expected
    gaps = [mine - its for mine, its in zip(NETWORK_ACC, values, strict=True)]
    its, theirs = (stats.ttest_1samp(each, 0.0) for each in (values, gaps))
    one = row(found, "all fa")
    numbers = {
        "mean": sum(values) / 5,
        "mean_low": its.confidence_interval().low,
        "mean_high": its.confidence_interval().high,
        "difference": sum(gaps) / 5,
        "difference_se": stats.sem(gaps),
        "difference_low": theirs.confidence_interval().low,
        "difference_high": theirs.confidence_interval().high,
        "p_t": theirs.pvalue,
        "p_t_holm": one.p_holm,
        "p_sign_flip": 2 / 2**5,
        "p_sign_flip_holm": one.p_flipped_holm,
        "bio": 0.25,
    }
    assert one.p_holm != one.p_flipped_holm
    assert dict(table.loc[("acc", "all fa"), [*numbers]]) == pytest.approx(numbers)
    assert set(table.columns) == {*expected, *numbers}
    for name, of_group in (
        ("random rules 2", ["random rules", 1, "g"]),
        ("random rules", ["", 2, ""]),
    ):
        assert list(table.loc[("acc", name), ["group", "members", "network"]]) == of_group


def test_figure_is_drawn_if_some_controls_failed(tmp_path: Path) -> None:
    some = CONTROLS | trainings(all_dfa=[None] * 5)
    path = tmp_path / "controls.png"
    draw_controls(compare_controls(some), path=path, title="k")
    assert path.read_bytes()[:4] == b"\x89PNG"


def test_twin_difference_is_the_paired_difference() -> None:
    some = {"k": CONTROLS, "without": {NETWORK: CONTROLS[NETWORK]}}
    found = twin_differences(some)
    assert set(found) == {"k"}
    expected = row(compare_controls(CONTROLS), TWIN).difference
    assert found["k"]["acc"] == expected
    assert set(found["k"]) == {"acc", "test_acc"}
