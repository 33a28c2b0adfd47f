"""Consistency across the keys of a space: names that exist, and channels that fit."""

from collections.abc import Iterator

from evonas.registry import suggestion
from evonas.space.blueprint import Position
from evonas.space.cell import CellGraph
from evonas.space.spec import KeyProblem, SpaceSpec, bad_name


def name_problems(spec: SpaceSpec) -> Iterator[KeyProblem]:
    """Names that the text of a genome cannot contain, unknown cells, and unused cells."""
    yield from bad_name(".name", spec.name)
    if not spec.cells:
        yield ".cells", "expected at least one cell, got none"
    if not spec.stages:
        yield ".stages", "expected at least one stage, got none"
    used = [(f".stages[{index}].cell", stage.cell) for index, stage in enumerate(spec.stages)]
    if spec.reduction.cell is not None:
        used.append((".reduction.cell", spec.reduction.cell))
        if len(spec.stages) == 1:
            yield ".reduction.cell", "is never used, since there is only one stage"
    known = ", ".join(spec.cells)
    for path, name in used:
        if name not in spec.cells:
            yield path, f"unknown cell '{name}'{suggestion(name, spec.cells)} (known: {known})"
    names = {name for _, name in used}
    for name in spec.cells:
        yield from bad_name(f".cells.{name}", name)
        if name not in names:
            yield f".cells.{name}", "is used by no stage and no reduction"


def channel_problems(
    graphs: dict[str, CellGraph], positions: tuple[Position, ...]
) -> Iterator[KeyProblem]:
    """Channels that do not fit together, at the size of ``positions``."""
    for name, graph in graphs.items():
        if graph.spec.join == "concat" and graph.spec.inputs == 1:
            text = "concat needs inputs: 2, whose preprocessing brings the channels back, got 1"
            yield f".cells.{name}.join", text
    arriving = positions[0].channels
    for position in positions[1:-1]:
        if position.cell is None:
            arriving = position.channels
            continue
        graph = graphs[position.cell]
        path = _path(position)
        if graph.spec.inputs == 1 and arriving != position.channels:
            text = f"cell '{graph.name}' has one input and keeps its channels"
            yield path, f"{text}: expected {arriving}, got {position.channels}"
        for operation in graph.operations:
            if position.channels % operation.groups:
                text = f"{operation.groups} groups of operation '{operation.name}'"
                yield path, f"{text} do not divide {position.channels} channels"
        halves = position.is_strided and any(op.kind == "identity" for op in graph.operations)
        if position.channels % 2 and (halves or _follows_reduction(position, positions, graph)):
            text = "a factorised reduction halves the channels"
            yield path, f"{text}: expected an even number, got {position.channels}"
        arriving = position.channels * graph.output_multiple


def _follows_reduction(
    position: Position, positions: tuple[Position, ...], graph: CellGraph
) -> bool:
    """Whether the cell's input 0 still has the size before a reduction and must be reduced."""
    return graph.spec.inputs == 2 and positions[positions.index(position) - 1].is_strided


def _path(position: Position) -> str:
    if position.is_strided:
        return f".stages[{position.stage}].channels (reduction)"
    return f".stages[{position.stage}].channels"
