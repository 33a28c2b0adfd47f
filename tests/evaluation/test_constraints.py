"""Constraints as they are typed, and how far a value is outside them."""

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
def test_a_constraint_is_an_objective_a_relation_and_a_number(
    text: str, objective: str, relation: str, bound: float
) -> None:
    constraint = parse_constraint(text)
    assert (constraint.objective, constraint.relation) == (objective, relation)
    assert constraint.bound == pytest.approx(bound, rel=1e-15)
    assert parse_constraint(constraint.text) == constraint


@pytest.mark.parametrize(
    "text", ["", "params", "params<1M", "params=1M", "<=1M", "params<=", "params<=1T",
             "params<=1M2", "params<=nan", "params<=inf", "params<=1e999", "params<=1,5M"],
)  # fmt: skip
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^constraint '"):
        parse_constraint(text)


def test_an_unknown_objective_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'params'"):
        parse_constraint("param<=1M")


def test_a_bound_is_inside_and_beyond_it_the_share_of_the_bound_counts() -> None:
    most, least = parse_constraint("params<=200"), parse_constraint("acc>=50%")
    assert [most.violation(value) for value in (100, 200, 201, 300)] == [0, 0, 0.005, 0.5]
    assert [least.violation(value) for value in (0.5, 0.4)] == pytest.approx([0, 0.2])
    assert parse_constraint("bio<=0").violation(0.25) == 0.25


def test_violations_add_up_over_what_is_known_and_are_named() -> None:
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
def test_a_bound_beyond_every_value_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ConfigError) as refused:
        check_constraints([parse_constraint(text)])
    assert str(refused.value) == f"constraint '{text}': no candidate can meet it, as {reason}"


@pytest.mark.parametrize("text", ["acc>=100%", "acc<=0", "params<=0", "ece<=0", "latency>=1e9"])
def test_a_bound_at_the_end_of_the_range_or_without_one_is_taken(text: str) -> None:
    check_constraints([parse_constraint(text)])


def test_two_bounds_with_nothing_between_them_are_refused() -> None:
    least, most = parse_constraint("params>=2M"), parse_constraint("params<=1M")
    for both in ([least, most], [most, least]):
        with pytest.raises(
            ConfigError, match="'params>=2M' and 'params<=1M': no candidate can meet both"
        ):
            check_constraints(both)
    check_constraints([parse_constraint("params>=1M"), parse_constraint("params<=1M")])
    check_constraints([parse_constraint("params>=2M"), parse_constraint("flops<=1M")])
