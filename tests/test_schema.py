"""Data are structured strictly; all problems are reported at once, with their paths."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Literal

import cattrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evonas.errors import ConfigError, SpaceError, show
from evonas.schema import ProblemsError, structure
from evonas.strict_yaml import dump_yaml, parse_yaml


@dataclass(frozen=True)
class Inner:
    """A part."""

    count: int
    note: str | None = None


@dataclass(frozen=True)
class Outer:
    """A whole, with every kind of field."""

    name: str
    rate: float
    is_on: bool = False
    inner: Inner = field(default_factory=lambda: Inner(1))
    items: tuple[Inner, ...] = ()
    table: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.rate < 0 and self.inner.count < 0:
            raise ProblemsError([(".rate", "is negative"), (".inner.count", "is negative")])
        if self.rate < 0:
            raise ValueError("the rate is negative")


def problems(data: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        structure(data, Outer, where="file", error=ConfigError)
    first, *rest = str(caught.value).split("\n  ")
    assert first == ("file: 1 problem" if len(rest) == 1 else f"file: {len(rest)} problems")
    return rest


inners = st.builds(Inner, count=st.integers(), note=st.none() | st.text(max_size=5))
outers = st.builds(
    Outer,
    name=st.text(),
    rate=st.floats(0, 1e300),
    is_on=st.booleans(),
    inner=inners,
    items=st.lists(inners, max_size=3).map(tuple),
    table=st.dictionaries(st.text(), st.lists(st.integers(), max_size=3).map(tuple), max_size=3),
)


@settings(deadline=None)
@given(outer=outers)
def test_yaml_round_trip_preserves_dataclass(outer: Outer) -> None:
    data = asdict(outer)
    data["items"] = list(data["items"])
    data["table"] = {key: list(value) for key, value in outer.table.items()}
    text = dump_yaml(data)
    assert structure(parse_yaml(text, where="text"), Outer, where="text") == outer


def test_int_is_accepted_as_float() -> None:
    outer = structure({"name": "a", "rate": 2}, Outer, where="file")
    assert outer == Outer("a", 2.0)
    assert type(outer.rate) is float


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"name": 1, "rate": 1}, "$.name: expected a text, got 1; to make it a text, quote it"),
        ({"name": "a", "rate": "1"}, "$.rate: expected a number, got '1'"),
        ({"name": "a", "rate": True}, "$.rate: expected a number, got True"),
        ({"name": "a", "rate": float("inf")}, "$.rate: expected a finite number, got inf"),
        ({"name": "a", "rate": float("nan")}, "$.rate: expected a finite number, got nan"),
        ({"name": "a", "rate": -1}, "$: the rate is negative"),
        ({"name": "a", "rate": 1, "is_on": 1}, "$.is_on: expected true or false, got 1"),
        ({"name": "a", "rate": 1, "is_on": None}, "$.is_on: expected true or false, got nothing"),
        ({"name": "a"}, "$.rate: this key is missing"),
        ({"name": "a", "rate": 1, "inner": {}}, "$.inner.count: this key is missing"),
        (
            {"name": "a", "rate": 1, "inner": [3]},
            "$.inner: expected a mapping (keys: count, note), got [3]",
        ),
        (
            {"name": "a", "rate": 1, "inner": {"count": 1, "nte": "x"}},
            "$.inner: unknown key 'nte'; did you mean 'note'? (known: count, note)",
        ),
        (
            {"name": "a", "rate": 1, "inner": {"count": 1, 7: "x"}},
            "$.inner: unknown key '7' (known: count, note)",
        ),
        ({"name": "a", "rate": 1, "items": "ab"}, "$.items: expected a list, got 'ab'"),
        (
            {"name": "a", "rate": 1, "items": [{"count": 1}, {"count": 1.5}]},
            "$.items[1].count: expected a whole number, got 1.5",
        ),
        ({"name": "a", "rate": 1, "table": [1]}, "$.table: expected a mapping, got [1]"),
        (
            {"name": "a", "rate": 1, "table": {"x": [1, "2"]}},
            "$.table.x[1]: expected a whole number, got '2'",
        ),
        (
            {"name": "a", "rate": 1, "table": {True: [1]}},
            "$.table: expected texts as keys, got True; YAML reads yes, on and true like that; to "
            "keep the word, quote it",
        ),
        (
            None,
            "$: expected a mapping (keys: name, rate, is_on, inner, items, table), got nothing",
        ),
    ],
)
def test_wrong_value_reports_path_expectation_and_value(data: Any, expected: str) -> None:
    assert problems(data) == [expected]


def test_all_type_problems_are_reported_in_key_order() -> None:
    data = {"name": 1, "inner": {"count": "x", "zzz": 0}, "items": [3, {}], "nme": 2}
    assert problems(data) == [
        "$.name: expected a text, got 1; to make it a text, quote it",
        "$.rate: this key is missing",
        "$.inner.count: expected a whole number, got 'x'",
        "$.inner: unknown key 'zzz' (known: count, note)",
        "$.items[0]: expected a mapping (keys: count, note), got 3",
        "$.items[1].count: this key is missing",
        "$: unknown key 'nme'; did you mean 'name'? "
        "(known: name, rate, is_on, inner, items, table)",
    ]


def test_cross_field_check_can_report_several_problems() -> None:
    data = {"name": "a", "rate": -1, "inner": {"count": -1}}
    assert problems(data) == ["$.rate: is negative", "$.inner.count: is negative"]


def test_custom_hook_resolves_a_union() -> None:
    def customise(converter: cattrs.Converter) -> None:
        plain = converter.get_structure_hook(Inner)
        converter.register_structure_hook(
            Inner, lambda value, kind: Inner(0) if value == "empty" else plain(value, kind)
        )

    data = {"name": "a", "rate": 1, "inner": "empty", "items": [{"count": 2}]}
    outer = structure(data, Outer, where="file", customise=customise)
    assert (outer.inner, outer.items) == (Inner(0), (Inner(2),))


def test_internal_error_is_not_reported_as_user_error() -> None:
    def customise(converter: cattrs.Converter) -> None:
        converter.register_structure_hook(Inner, lambda value, _: value.no_such_attribute)

    with pytest.raises(Exception, match=r"no_such_attribute|While structuring") as caught:
        structure({"name": "a", "rate": 1, "inner": {}}, Outer, where="file", customise=customise)
    assert not isinstance(caught.value, SpaceError)


def test_long_values_in_messages_are_shortened() -> None:
    assert show(None) == "nothing"
    assert show("x" * 100) == "'" + "x" * 36 + "..."


@dataclass(frozen=True)
class Chosen:
    """One of two."""

    views: Literal["one", "flips"] = "one"


@pytest.mark.parametrize("value", [date(2001, 1, 1), None, 1, "two", ["one"], {"one": 1}])
def test_wrong_choice_of_any_type_reports_valid_names(value: Any) -> None:
    with pytest.raises(ConfigError, match=r"\$\.views: expected one of one, flips, got "):
        structure({"views": value}, Chosen, where="recipe.yaml", error=ConfigError)
