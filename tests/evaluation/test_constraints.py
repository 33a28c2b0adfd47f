"""Parsing of constraints, and the size of violations."""

import pytest

from evonas.errors import ConfigError, UnknownNameError
from evonas.evaluation.constraints import (
    broken,
    check_constraints,
    parse_constraint,
    total_violation,
)


@pytest.mark.parametrize(
    ("text", "objective", "relation", "bound"),
    [
        ("params<=1.0M", "params", "<=", 1_000_000),
        (" flops <= 2.5 G ", "flops", "<=", 2_500_000_000),
        ("params>=20k", "params", ">=", 20_000),
        ("params<=1234567", "params", "<=", 1_234_567),
        ("acc>=90%", "acc", ">=", 0.9),
        ("robust>=.25", "robust", ">=", 0.25),
        ("bio>=1e-3", "bio", ">=", 0.001),
    ],
)
def test_constraint_is_parsed_into_objective_relation_and_bound(
    text: str, objective: str, relation: str, bound: float
) -> None:
    constraint = parse_constraint(text)
    assert (constraint.objective, constraint.relation) == (objective, relation)
    assert constraint.bound == pytest.approx(bound, rel=1e-15)
    assert parse_constraint(constraint.text) == constraint


def test_value_equal_to_the_bound_meets_it_in_every_notation() -> None:
    for hundredths in range(101):
        share = hundredths / 100
        for relation in ("<=", ">="):
            assert parse_constraint(f"acc{relation}{hundredths}%").violation(share) == 0.0
    for thousandths in range(1000, 1100):
        text = f"params<={thousandths / 1000:.3f}M"
        assert parse_constraint(text).violation(thousandths * 1000) == 0.0
    assert parse_constraint("params<=1.5e2k").bound == 150_000
    assert parse_constraint("acc>=5.7e1%").bound == 0.57


@pytest.mark.parametrize(
    "text", ["", "params", "params<1M", "params=1M", "<=1M", "params<=", "params<=1T",
             "params<=1M2", "params<=nan", "params<=inf", "params<=1e999", "params<=1,5M"],
)  # fmt: skip
def test_malformed_constraint_is_rejected(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^constraint '"):
        parse_constraint(text)


def test_unknown_objective_is_rejected_with_nearest_name() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'params'"):
        parse_constraint("param<=1M")


def test_violation_is_relative_to_the_bound() -> None:
    most, least = parse_constraint("params<=200"), parse_constraint("acc>=50%")
    assert [most.violation(value) for value in (100, 200, 201, 300)] == [0, 0, 0.005, 0.5]
    assert [least.violation(value) for value in (0.5, 0.4)] == pytest.approx([0, 0.2])
    assert parse_constraint("bio<=0").violation(0.25) == 0.25


def test_violations_are_summed_and_named_over_known_values() -> None:
    constraints = [parse_constraint(text) for text in ("params<=200", "acc>=50%", "flops<=1k")]
    assert total_violation({"params": 300, "acc": 0.25}, constraints) == 1.0
    assert broken({"params": 300, "acc": 0.25, "flops": 10}, constraints) == (
        "params<=200 (300), acc>=50% (0.25)"
    )
    assert total_violation({}, constraints) == 0
    assert broken({}, constraints) == ""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("acc>=90", "acc is never above 1; did you mean 0.9, or 90%?"),
        ("acc>=99.9", "acc is never above 1; did you mean 0.999, or 99.9%?"),
        ("acc>=150%", "acc is never above 1"),
        ("robust>=101", "robust is never above 1"),
        ("acc<=-1", "acc is never below 0"),
        ("params<=-5", "params is never below 0"),
        ("ece<=-1%", "ece is never below 0"),
    ],
)
def test_unattainable_bound_is_rejected(text: str, reason: str) -> None:
    with pytest.raises(ConfigError) as refused:
        check_constraints([parse_constraint(text)])
    assert str(refused.value) == f"constraint '{text}': no candidate can meet it, as {reason}"


@pytest.mark.parametrize("text", ["acc>=100%", "acc<=0", "params<=0", "ece<=0", "latency>=1e9"])
def test_bound_at_the_end_of_the_range_is_accepted(text: str) -> None:
    check_constraints([parse_constraint(text)])


def test_contradictory_bounds_are_rejected() -> None:
    least, most = parse_constraint("params>=2M"), parse_constraint("params<=1M")
    for both in ([least, most], [most, least]):
        with pytest.raises(
            ConfigError, match="'params>=2M' and 'params<=1M': no candidate can meet both"
        ):
            check_constraints(both)
    check_constraints([parse_constraint("params>=1M"), parse_constraint("params<=1M")])
    check_constraints([parse_constraint("params>=2M"), parse_constraint("flops<=1M")])
