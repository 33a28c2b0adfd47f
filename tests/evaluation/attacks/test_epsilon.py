"""The radius of an attack is parsed exactly, or rejected."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evonas.errors import ConfigError
from evonas.evaluation.attacks.epsilon import format_epsilon, parse_epsilon


@pytest.mark.parametrize(
    ("text", "epsilon"),
    [
        ("1/255", Fraction(1, 255)),
        (" 8/255 ", Fraction(8, 255)),
        ("0", Fraction(0)),
        ("1", Fraction(1)),
        ("0.05", Fraction(1, 20)),
        ("0.5/255", None),
        ("8", None),
        ("256/255", None),
        ("-1/255", None),
        ("1/0", None),
        ("", None),
        ("nan", None),
        ("1e-3", Fraction(1, 1000)),
        ("2.5E-2", Fraction(1, 40)),
        (".5", Fraction(1, 2)),
        ("1e1", None),
        ("1e-3/2", None),
        ("1e-999999999", None),
        ("1 /255", None),
    ],
)
def test_epsilon_is_parsed_exactly_or_rejected(text: str, epsilon: Fraction | None) -> None:
    if epsilon is None:
        with pytest.raises(ConfigError, match="such as '1/255'"):
            parse_epsilon(text)
    else:
        assert parse_epsilon(text) == epsilon


@given(st.fractions(0, 1, max_denominator=10**6))
def test_epsilon_survives_formatting_and_parsing(epsilon: Fraction) -> None:
    assert parse_epsilon(format_epsilon(epsilon)) == epsilon


def test_epsilon_is_formatted_over_255_where_possible() -> None:
    assert format_epsilon(Fraction(5, 255)) == "5/255"
    assert format_epsilon(Fraction(1, 20)) == "1/20"
