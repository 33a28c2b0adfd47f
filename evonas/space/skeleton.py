"""Expand the skeleton: stem, stages of cells with a reduction between them, classifier."""

from collections.abc import Iterator
from typing import final

from evonas.space.blueprint import Position
from evonas.space.cell import CellGraph
from evonas.space.macro.shape import Shape, reduction_width, stem_width, widths
from evonas.space.spec import SpaceSpec

_Width = tuple[str, int]
"""Name of a width, and the multiple of it that a block outputs."""


def expand(
    spec: SpaceSpec, graphs: dict[str, CellGraph], *, channels: int, shape: Shape
) -> tuple[Position, ...]:
    """Return all positions, in the order in which the image passes them.

    Args:
        spec: specification of the space.
        graphs: its cells, by name.
        channels: C, the unit of all widths.
        shape: widths and repeats.
    """
    return tuple(_Expansion(spec, graphs, channels, shape).positions())


@final
class _Expansion:
    """Tracks the channels from position to position: this genome's, and all possible ones."""

    def __init__(
        self, spec: SpaceSpec, graphs: dict[str, CellGraph], channels: int, shape: Shape
    ) -> None:
        self._spec = spec
        self._graphs = graphs
        self._channels = channels
        self._shape = shape
        stem = stem_width(spec)
        self._arriving = channels * shape.numbers[stem]
        self._may_arrive: set[_Width] = {(stem, 1)}

    def positions(self) -> Iterator[Position]:
        spec = self._spec
        stem = stem_width(spec)
        yield Position("stem", "stem", None, self._arriving, 0, False, ("stem",), width=stem)
        for number, stage in enumerate(spec.stages):
            if number > 0 and spec.reduction.kind != "none":
                yield self._reduction(number)
            before = self._may_arrive
            for index in range(self._shape.numbers[f"stage{number}.repeat"]):
                name = f"stage{number}.cell{index}"
                width = f"stage{number}.channels"
                yield self._cell(name, stage.cell, width, stage=number, strided=False)
            if stage.repeat is not None and 0 in stage.repeat.choices:
                after = (f"stage{number}.channels", self._graphs[stage.cell].output_multiple)
                self._may_arrive = before | {after}
        last = len(spec.stages) - 1
        yield Position(
            "classifier", "classifier", None, self._arriving, last, False, ("classifier",)
        )

    def _reduction(self, stage: int) -> Position:
        name, width = f"reduction{stage}", reduction_width(self._spec, stage)
        if self._spec.reduction.cell is not None:
            return self._cell(name, self._spec.reduction.cell, width, stage=stage, strided=True)
        self._arriving = self._channels * self._shape.numbers[width]
        self._may_arrive = {(width, 1)}
        return Position(name, "reduction", None, self._arriving, stage, True, (name,), width=width)

    def _cell(self, name: str, cell: str, width: str, *, stage: int, strided: bool) -> Position:
        graph = self._graphs[cell]
        has_one = graph.spec.inputs == 1
        own = self._channels * self._shape.numbers[width]
        may_change = has_one and any(
            self._may_differ(each, (width, 1)) for each in self._may_arrive
        )
        parts = graph.site_names(is_strided=strided, may_change=may_change)
        position = Position(
            name,
            "cell",
            cell,
            own,
            stage,
            strided,
            tuple(f"{name}.{part}" for part in parts),
            changes_channels=has_one and self._arriving != own,
            width=width,
        )
        self._arriving = own * graph.output_multiple
        self._may_arrive = {(width, graph.output_multiple)}
        return position

    def _may_differ(self, one: _Width, other: _Width) -> bool:
        """Whether two widths differ in some genome."""
        if one == other:
            return False
        of_one, of_other = (
            {multiple * number for number in widths(self._spec, name)}
            for name, multiple in (one, other)
        )
        return len(of_one | of_other) > 1
