"""Draw the skeleton of a network as lines of text."""

from collections.abc import Sequence
from itertools import groupby

from evonas.space import Position


def skeleton_as_text(positions: Sequence[Position]) -> list[str]:
    """One line per block, or per stage of cells, with channels and whether it halves the image.

    Args:
        positions: positions of one genome, in the order of the forward pass.
    """
    lines = []
    for _, group in groupby(positions, key=_kind):
        blocks = list(group)
        first = blocks[0]
        name = first.name.partition(".")[0]
        unit = "features" if first.kind == "classifier" else "channels"
        cell = "" if first.cell is None else f"{len(blocks)} x {first.cell}"
        halved = "halves the image" if first.is_strided else ""
        text = f"{name:<12} {cell:<14} {first.channels:>5} {unit}  {halved}"
        lines.append(text.rstrip())
    return lines


def _kind(position: Position) -> tuple[str, int, bool, int]:
    return (position.kind, position.stage, position.is_strided, position.channels)
