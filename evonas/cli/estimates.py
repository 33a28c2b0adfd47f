"""Means with standard errors, as the tables in the terminal show them."""

from evonas.api.progress_text import readable


def estimate(mean: float | None, error: float | None) -> str:
    """A mean, with its standard error if it is known and not zero; ``-`` without a mean.

    Examples:
        >>> estimate(0.9789, 0.0081), estimate(18594.0, None), estimate(None, None)
        ('0.979±0.008', '18,594', '-')
    """
    if mean is None:
        return "-"
    return f"{mean:.3f}±{error:.3f}" if error else readable(mean)
