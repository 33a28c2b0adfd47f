"""Accuracy under attack: the points of the lines are those of the outcomes."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from evonas.evaluation.attacks.battery.outcome import Outcome
from evonas.report.attacks.plot import draw_attacks


def test_lines_go_from_small_to_large_radii(tmp_path: Path, figures: list[Figure]) -> None:
    """``--epsilon 8/255 2/255`` attacks at the larger radius first."""
    some = [
        Outcome("apgd", epsilon, "true", "1111", robust, 1.0)
        for epsilon, robust in (("8/255", "1000"), ("2/255", "1110"))
    ]
    draw_attacks(some, path=tmp_path / "attacks.png", title="")
    axis = figures[0].axes[0]
    lines = {str(line.get_label()): line for line in axis.lines}
    for name in ("apgd", "worst case"):
        assert np.asarray(lines[name].get_xdata()).tolist() == [0.0, 2.0, 8.0]
        assert np.asarray(lines[name].get_ydata()).tolist() == [1.0, 0.75, 0.25]
