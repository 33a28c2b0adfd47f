"""Order of controls in tables and pictures."""

from collections.abc import Sequence

from evonas.report.controls.comparison import Comparison
from evonas.study.controls.names import NETWORK


def by_difference(rows: Sequence[Comparison]) -> list[Comparison]:
    """The network, then the controls, from the best to the worst; without members of groups.

    Args:
        rows: comparisons in one measure.
    """
    controls = [row for row in rows if not row.is_member and row.control != NETWORK]
    own = [row for row in rows if row.control == NETWORK]

    def place(row: Comparison) -> tuple[bool, float]:
        return row.advantage is None, 0.0 if row.advantage is None else row.advantage

    return [*own, *sorted(controls, key=place)]
