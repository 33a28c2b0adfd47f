"""Save figures atomically."""

from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure

from evonas.study.weights import whole_file


def save_figure(
    figure: Figure,
    path: Path,
    *,
    format: str = "png",  # noqa: A002 - matplotlib's word
    dpi: int = 150,
    metadata: Mapping[str, str | None] | None = None,
) -> None:
    """Write a figure to a file.

    Args:
        figure: the figure.
        path: path of the file.
        format: ``png``, ``pdf`` or ``svg``.
        dpi: dots per inch.
        metadata: what the file says about itself; None for matplotlib's own.
    """
    with whole_file(path) as temporary:
        figure.savefig(temporary, format=format, dpi=dpi, metadata=metadata)
