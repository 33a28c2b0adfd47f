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
    """A share with four digits behind the point, a count whole."""
    return f"{value:,.0f}" if value > 1 else f"{value:.4f}"
