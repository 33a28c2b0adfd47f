"""Values as text: known numbers written out."""

import pytest

from evonas.counted import counted
from evonas.report.html.numbers import duration, p_value, with_error


@pytest.mark.parametrize(
    ("value", "error", "name", "text"),
    [
        (None, None, "acc", "-"),
        (0.98, None, "acc", "0.980"),
        (0.98, 0.0084, "test_acc", "0.980 ± 0.008"),
        (1.0, None, "acc", "1.000"),
        (1.0, 0.0, "acc", "1.000"),
        (81_920.0, None, "params", "81,920"),
        (12.0, None, "params", "12"),
        (12.5, None, "params", "12.500"),
        (1234.5, 20.4, "latency", "1,234 ± 20"),
        (151.26, 2.04, "latency", "151.3 ± 2.0"),
        (12.0, 0.5, "latency", "12.000 ± 0.500"),
    ],
)
def test_value_has_decimals_of_its_unit(
    value: float | None, error: float | None, name: str, text: str
) -> None:
    assert with_error(value, error, name=name) == text


def test_p_values_and_counts_are_written_out() -> None:
    assert [p_value(p) for p in (None, 0.0004, 0.0123)] == ["-", "< 0.001", "0.012"]
    assert counted(1, "run") == "1 run"
    assert counted(0, "run") == "0 runs"
    assert counted(1200, "run") == "1,200 runs"
    assert counted(2, "entry", "entries") == "2 entries"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "0 seconds"),
        (1.2, "1 second"),
        (89.4, "89 seconds"),
        (90.0, "2 minutes"),
        (5399.0, "90 minutes"),
        (5400.0, "1.5 hours"),
    ],
)
def test_duration_has_the_unit_that_suits_it(seconds: float, text: str) -> None:
    assert duration(seconds) == text
