"""The progress of a run on one line."""

from evonas.study.results.progress import Progress


def describe(progress: Progress) -> str:
    """Front, hypervolume, best of each objective and failures, on one line."""
    parts = [f"front {progress.front_size}"]
    if progress.hypervolume is not None:
        parts.append(f"hv {progress.hypervolume:.4f}")
    parts += [f"{name} {readable(value)}" for name, value in progress.best.items()]
    if progress.failures:
        parts.append(f"failed {progress.failures}")
    return " · ".join(parts)


def readable(value: float) -> str:
    """A share with four decimals, a count whole, anything else with three significant digits.

    Examples:
        >>> readable(0.75), readable(1234567), readable(2.4172), readable(512.6)
        ('0.7500', '1,234,567', '2.42', '513')
    """
    if value <= 1:
        return f"{value:.4f}"
    return f"{value:,.0f}" if value >= 100 or value == round(value) else f"{value:.3g}"
