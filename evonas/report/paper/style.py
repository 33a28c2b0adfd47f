"""Style of figures for papers: 8-point font, thin lines, text that remains text in a PDF."""

from collections.abc import Iterator
from contextlib import contextmanager

from matplotlib import rc_context

WIDTH_INCHES = {1: 3.3, 2: 6.9}
"""Figure widths by number of columns, for the two-column styles of IEEE, ACM, CVPR and ICML."""


@contextmanager
def paper_style() -> Iterator[None]:
    """Apply the style to figures created within this context."""
    with rc_context(
        {
            "font.size": 8,
            "axes.labelsize": 8,
            "axes.titlesize": 8,
            "xtick.labelsize": 7,
            "ytick.labelsize": 7,
            "legend.fontsize": 7,
            "axes.linewidth": 0.6,
            "lines.linewidth": 1.1,
            "lines.markersize": 3.5,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "pdf.fonttype": 42,  # TrueType: most conferences reject Type 3
            "ps.fonttype": 42,
            "svg.fonttype": "none",
            "svg.hashsalt": "evonas",  # makes files reproducible
        }
    ):
        yield
