"""Format values with their errors, p-values and durations."""

from evonas.counted import counted
from evonas.evaluation.objectives import OBJECTIVES


def with_error(value: float | None, error: float | None, *, name: str = "acc") -> str:
    """A value as text: ``0.980 ± 0.008``; ``-`` without value.

    Counts have no decimal places, and commas if they are large.

    Args:
        value: value of an objective; None if there is none.
        error: one standard error; None if unknown.
        name: name of the objective, with or without the prefix ``test_``.
    """
    if value is None:
        return "-"
    is_count = OBJECTIVES[name.removeprefix("test_")].unit != "fraction"
    if is_count and float(value).is_integer() and not error:
        return f"{value:,.0f}"
    if is_count and abs(value) >= 1000:
        return f"{value:,.0f}" + (f" ± {error:,.0f}" if error else "")
    digits = 3 if abs(value) < 100 else 1
    return f"{value:.{digits}f}" + (f" ± {error:.{digits}f}" if error else "")


def p_value(p: float | None) -> str:
    """A p-value as text: ``0.012``, ``< 0.001``, or ``-`` without value."""
    if p is None:
        return "-"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def duration(seconds: float) -> str:
    """A time as text: ``89 seconds``, ``2 minutes`` or ``1.5 hours``."""
    if seconds < 90:
        return counted(round(seconds), "second")
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
