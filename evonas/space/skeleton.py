"""Expand the skeleton: stem, stages of cells with a reduction between them, classifier."""

from collections.abc import Iterator

from evonas.space.blueprint import Position
from evonas.space.cell import CellGraph
from evonas.space.spec import SpaceSpec


def expand(
    spec: SpaceSpec, graphs: dict[str, CellGraph], *, channels: int, cells: int
) -> tuple[Position, ...]:
    """Every position, in the order in which the image passes them.

    Args:
        spec: the space.
        graphs: its cells, by name.
        channels: C, the channels of the first stage.
        cells: how many cells a stage without ``repeat`` holds.
    """
    return tuple(_positions(spec, graphs, channels=channels, cells=cells))


def _positions(
    spec: SpaceSpec, graphs: dict[str, CellGraph], *, channels: int, cells: int
) -> Iterator[Position]:
    def cell_position(name: str, cell: str, *, stage: int, strided: bool) -> Position:
        sites = tuple(f"{name}.{part}" for part in graphs[cell].site_names(is_strided=strided))
        width = channels * spec.stages[stage].channels
        return Position(name, "cell", cell, width, stage, strided, sites)

    yield Position("stem", "stem", None, channels * spec.stem.channels, 0, False, ("stem",))
    for number, stage in enumerate(spec.stages):
        if number > 0:
            name = f"reduction{number}"
            if spec.reduction.cell is None:
                width = channels * stage.channels
                yield Position(name, "reduction", None, width, number, True, (name,))
            else:
                yield cell_position(name, spec.reduction.cell, stage=number, strided=True)
        for index in range(stage.repeat or cells):
            yield cell_position(
                f"stage{number}.cell{index}", stage.cell, stage=number, strided=False
            )
    last = spec.stages[-1]
    features = channels * last.channels * graphs[last.cell].output_multiple
    yield Position(
        "classifier", "classifier", None, features, len(spec.stages) - 1, False, ("classifier",)
    )
