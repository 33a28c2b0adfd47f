"""Consistency of the keys of a space: names must exist, and channels must fit."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

from evonas.errors import GenomeError
from evonas.registry import suggestion
from evonas.space.blueprint import Position
from evonas.space.cell import CellGraph
from evonas.space.keys.problems import KeyProblem, bad_name
from evonas.space.macro.shape import widths
from evonas.space.spec import SpaceSpec
from evonas.space.text import parse_cell

ON_ONE_PIXEL = ("zero", "identity", "linear")
"""Kinds of operation that work on images of one pixel."""


def told(problems: Sequence[KeyProblem], *, space: str) -> str:
    """Format all problems of a space, one per line."""
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    lines = dict.fromkeys(f"${path}: {problem}" for path, problem in problems)
    return "\n  ".join([f"space '{space}': {count}", *lines])


def name_problems(spec: SpaceSpec) -> Iterator[KeyProblem]:
    """Yield names that are invalid in the text of a genome, unknown cells, and unused cells."""
    yield from bad_name(".name", spec.name)
    if not spec.cells:
        yield ".cells", "expected at least one cell, got none"
    if not spec.stages:
        yield ".stages", "expected at least one stage, got none"
    used = [(f".stages[{index}].cell", stage.cell) for index, stage in enumerate(spec.stages)]
    if spec.reduction.cell is not None:
        used.append((".reduction.cell", spec.reduction.cell))
        if len(spec.stages) == 1:
            yield ".reduction.cell", "is unused, as there is only one stage"
    known = ", ".join(spec.cells)
    for path, name in used:
        if name not in spec.cells:
            yield path, f"unknown cell '{name}'{suggestion(name, spec.cells)} (known: {known})"
    names = {name for _, name in used}
    for name in spec.cells:
        yield from bad_name(f".cells.{name}", name)
        if name not in names:
            yield f".cells.{name}", "is used by no stage and no reduction"
    yield from chain(_fixed_problems(spec), _stage_problems(spec), _kind_problems(spec))


def _fixed_problems(spec: SpaceSpec) -> Iterator[KeyProblem]:
    for name, cell in spec.cells.items():
        if cell.fixed is not None:
            graph = CellGraph(name, replace(cell, fixed=None))
            try:
                parse_cell(graph, cell.fixed)
            except GenomeError as problem:
                yield f".cells.{name}.fixed", str(problem)


def _stage_problems(spec: SpaceSpec) -> Iterator[KeyProblem]:
    """Yield widths of missing reductions, and stages that may be empty but must not."""
    for number, stage in enumerate(spec.stages):
        if stage.reduction_channels is not None and (number == 0 or spec.reduction.kind == "none"):
            yield (
                f".stages[{number}].reduction_channels",
                "there is no reduction before this stage",
            )
        if stage.repeat is not None and 0 in stage.repeat.choices:
            two = [name for name, cell in spec.cells.items() if cell.inputs == 2]
            if two:
                text = f"a stage without cells needs cells with one input; '{two[0]}' has two"
                yield f".stages[{number}].repeat", text


def _kind_problems(spec: SpaceSpec) -> Iterator[KeyProblem]:
    """Yield operations and reductions that do not fit the images that the stem outputs."""
    is_linear = spec.stem.kind == "linear"
    if is_linear and len(spec.stages) > 1 and spec.reduction.kind != "none":
        text = "a linear stem leaves one pixel, which nothing can halve: expected none"
        yield ".reduction.kind", f"{text}, got {spec.reduction.kind}"
    for name, cell in spec.cells.items():
        for operation_name, operation in cell.operations.items():
            path = f".cells.{name}.operations.{operation_name}.kind"
            if is_linear and operation.kind not in ON_ONE_PIXEL:
                expected = ", ".join(ON_ONE_PIXEL)
                text = f"a linear stem leaves one pixel: expected one of {expected}"
                yield path, f"{text}, got {operation.kind}"
            if operation.kind == "linear" and not is_linear:
                text = "reads images of one pixel, as 'stem: {kind: linear}' gives them"
                yield path, f"{operation.kind} {text}; got a stem of kind {spec.stem.kind}"


def channel_problems(
    spec: SpaceSpec,
    graphs: dict[str, CellGraph],
    positions: tuple[Position, ...],
    *,
    channels: int,
) -> Iterator[KeyProblem]:
    """Yield channels that do not fit together, at any width that genomes may choose.

    Args:
        spec: specification of the space.
        graphs: its cells.
        positions: positions, with every cell that a genome may have.
        channels: C, the unit of all widths.
    """
    for name, graph in graphs.items():
        if graph.spec.join == "concat" and graph.spec.inputs == 1:
            text = "concat needs inputs: 2, whose preprocessing brings the channels back, got 1"
            yield f".cells.{name}.join", text
    if spec.stem.kind == "reducing":
        for width in widths(spec, positions[0].width):
            if channels * width % 2:
                text = "a reducing stem begins with half the channels: expected an even number"
                yield ".stem.channels", f"{text}, got {channels * width}"
    arriving: list[int] = []
    for number, position in enumerate(positions[:-1]):
        own = [channels * width for width in widths(spec, position.width)]
        if position.cell is None:
            arriving = own
            continue
        graph = graphs[position.cell]
        path = _path(position)
        for operation in graph.operations:
            for width in [*own, *(arriving if graph.spec.inputs == 1 else [])]:
                if width % operation.groups:
                    text = f"{operation.groups} groups of operation '{operation.name}'"
                    yield path, f"{text} do not divide {width} channels"
            for width in own:
                if width % operation.heads:
                    text = f"{operation.heads} heads of operation '{operation.name}'"
                    yield path, f"{text} do not divide {width} channels"
        halves = position.is_strided and any(op.kind == "identity" for op in graph.operations)
        follows = graph.spec.inputs == 2 and positions[number - 1].is_strided
        for width in own:
            # input 0 still has the size before the reduction, and must be reduced
            if width % 2 and (halves or follows):
                text = "a factorised reduction halves the channels"
                yield path, f"{text}: expected an even number, got {width}"
        leaving = [graph.output_multiple * width for width in own]
        before = arriving if _is_optional(spec, position) else []
        arriving = list(dict.fromkeys([*before, *leaving]))


def _is_optional(spec: SpaceSpec, position: Position) -> bool:
    """Whether some genomes leave this cell out; the next one then reads what this one reads."""
    repeat = spec.stages[position.stage].repeat
    return not position.is_strided and repeat is not None and 0 in repeat.choices


def _path(position: Position) -> str:
    if position.is_strided:
        return f".stages[{position.stage}].channels (reduction)"
    return f".stages[{position.stage}].channels"
