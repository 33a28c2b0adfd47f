"""Texts in messages; the expected texts are written out."""

import pytest

from evonas.errors import show, some


@pytest.mark.parametrize(
    ("count", "expected"), [(0, ""), (1, "0"), (3, "0, 1, 2"), (4, "0, 1, 2 and 1 more")]
)
def test_long_lists_are_shortened(count: int, expected: str) -> None:
    assert some([str(number) for number in range(count)], most=3) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "nothing"),
        ("text", "'text'"),
        ("x" * 38, f"'{'x' * 38}'"),
        ("x" * 39, f"'{'x' * 36}..."),
    ],
)
def test_long_values_are_shortened(value: str | None, expected: str) -> None:
    assert show(value) == expected
