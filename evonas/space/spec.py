"""The keys of a search space's YAML, as frozen dataclasses that check their own values."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import cattrs

from evonas.errors import show
from evonas.registry import suggestion
from evonas.schema import ProblemsError
from evonas.space.operation import PARAMETERS, POOL_MODES, Operation

KeyProblem = tuple[str, str]  # the path below the value, and what is wrong there

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
NAME_PHRASE: Final = "letters, digits, '_' and '-', a letter or digit first"
JOINS: Final = ("last", "sum", "concat")
REDUCTIONS: Final = ("residual", "cell")
MAX_NAME_LENGTH: Final = 64  # a space's name is part of a folder's, an operation's of every genome
MAX_NODES: Final = 64  # of a cell, and
MAX_CELLS: Final = 1000  # of a stage: more is a typing error that would exhaust the memory
GRANULARITIES: Final = ("layer", "edge", "stage", "network")


def _raise(found: Iterator[KeyProblem]) -> None:
    if problems := list(found):
        raise ProblemsError(problems)


def bad_name(path: str, name: str) -> Iterator[KeyProblem]:
    """One problem if ``name`` cannot stand in the text of a genome."""
    if not NAME.fullmatch(name):
        yield path, f"expected a name of {NAME_PHRASE}, got {show(name)}"
    elif len(name) > MAX_NAME_LENGTH:
        yield (
            path,
            f"expected a name of at most {MAX_NAME_LENGTH} letters, got {len(name)}: {show(name)}",
        )


def _not_positive(path: str, number: int | None, *, most: int = 10**6) -> Iterator[KeyProblem]:
    if number is not None and number < 1:
        yield path, f"must be at least 1, got {number}"
    elif number is not None and number > most:
        yield path, f"must be at most {most}, got {number}"


def _not_one_of(path: str, value: str, known: tuple[str, ...]) -> Iterator[KeyProblem]:
    if value not in known:
        yield path, f"expected one of {', '.join(known)}, got '{value}'{suggestion(value, known)}"


def _even(path: str, kernel: int | None) -> Iterator[KeyProblem]:
    if kernel is not None and kernel > 0 and kernel % 2 == 0:
        yield path, f"must be odd, so that padding keeps the size, got {kernel}"


@dataclass(frozen=True)
class Size:
    """``size``: the channels of the first stage and the cells of every stage."""

    channels: int
    cells: int

    def __post_init__(self) -> None:
        _raise(self._problems())

    def _problems(self) -> Iterator[KeyProblem]:
        yield from _not_positive(".channels", self.channels)
        yield from _not_positive(".cells", self.cells, most=MAX_CELLS)


@dataclass(frozen=True)
class Stem:
    """``stem``: a convolution without bias and a batch norm; channels as a multiple of C."""

    kernel: int = 3
    channels: int = 1

    def __post_init__(self) -> None:
        _raise(self._problems())

    def _problems(self) -> Iterator[KeyProblem]:
        yield from _not_positive(".kernel", self.kernel)
        yield from _even(".kernel", self.kernel)
        yield from _not_positive(".channels", self.channels)


@dataclass(frozen=True)
class OperationSpec:
    """An entry of ``operations``; which parameters it takes depends on its kind."""

    kind: str
    kernel: int | None = None
    dilation: int | None = None
    groups: int | None = None
    repeats: int | None = None
    mode: str | None = None

    def __post_init__(self) -> None:
        _raise(self._problems())

    def _problems(self) -> Iterator[KeyProblem]:
        if self.kind not in PARAMETERS:
            yield from _not_one_of(".kind", self.kind, tuple(PARAMETERS))
            return
        takes = PARAMETERS[self.kind]
        for key in ("kernel", "mode"):
            if key in takes and getattr(self, key) is None:
                yield f".{key}", f"this key is missing (kind {self.kind} needs it)"
        for key in ("kernel", "dilation", "groups", "repeats", "mode"):
            if key not in takes and getattr(self, key) is not None:
                listed = ", ".join(takes) or "no parameters"
                yield f".{key}", f"kind {self.kind} does not take this key (it takes {listed})"
        for key in ("kernel", "dilation", "groups", "repeats"):
            yield from _not_positive(f".{key}", getattr(self, key))
        yield from _even(".kernel", self.kernel)
        if "mode" in takes and self.mode is not None:
            yield from _not_one_of(".mode", self.mode, POOL_MODES)

    def named(self, name: str) -> Operation:
        """The operation with its defaults filled in."""
        given = {key: value for key, value in vars(self).items() if value is not None}
        return Operation(name=name, **given)


@dataclass(frozen=True)
class Graph:
    """``graph``: ``dense`` (every earlier node) or ``{choose: k}`` (k earlier nodes)."""

    choose: int | None

    def __post_init__(self) -> None:
        _raise(_not_positive(".choose", self.choose))


@dataclass(frozen=True)
class CellSpec:
    """An entry of ``cells``: a small graph whose nodes are sums of operations on earlier nodes."""

    operations: Mapping[str, OperationSpec]
    nodes: int
    graph: Graph
    inputs: int = 1
    join: str = "last"

    def __post_init__(self) -> None:
        _raise(self._problems())

    def _problems(self) -> Iterator[KeyProblem]:
        yield from _not_positive(".nodes", self.nodes, most=MAX_NODES)
        if self.inputs not in (1, 2):
            yield ".inputs", f"must be 1 or 2, got {self.inputs}"
        elif self.graph.choose is not None and self.graph.choose > self.inputs:
            text = f"the first node has only {self.inputs} to choose from, got {self.graph.choose}"
            yield ".graph.choose", text
        yield from _not_one_of(".join", self.join, JOINS)
        if not self.operations:
            yield ".operations", "expected at least one operation, got none"
        seen: dict[Operation, str] = {}
        for name, operation in self.operations.items():
            yield from bad_name(f".operations.{name}", name)
            twin = seen.setdefault(operation.named(""), name)
            if twin != name:
                yield f".operations.{name}", f"is the same operation as '{twin}'; keep one of them"


@dataclass(frozen=True)
class Stage:
    """An item of ``stages``: cells in a row, at ``channels`` times C."""

    cell: str
    channels: int
    repeat: int | None = None

    def __post_init__(self) -> None:
        _raise(self._problems())

    def _problems(self) -> Iterator[KeyProblem]:
        yield from _not_positive(".channels", self.channels)
        yield from _not_positive(".repeat", self.repeat, most=MAX_CELLS)


@dataclass(frozen=True)
class Reduction:
    """``reduction``: what halves the image before every stage but the first."""

    kind: str = "residual"
    cell: str | None = None

    def __post_init__(self) -> None:
        _raise(self._problems())

    def _problems(self) -> Iterator[KeyProblem]:
        yield from _not_one_of(".kind", self.kind, REDUCTIONS)
        if self.kind == "cell" and self.cell is None:
            yield ".cell", "this key is missing (kind cell needs it)"
        if self.kind == "residual" and self.cell is not None:
            yield ".cell", "kind residual does not take this key"


@dataclass(frozen=True)
class Head:
    """``head``: pooling over the image and a linear layer; ``norm`` puts BN and ReLU before."""

    norm: bool = True


@dataclass(frozen=True)
class Rules:
    """``rules``: the learning rules to choose from, and how many sites share one choice."""

    choices: tuple[str, ...]
    granularity: str = "layer"

    def __post_init__(self) -> None:
        _raise(self._problems())

    def _problems(self) -> Iterator[KeyProblem]:
        if not self.choices:
            yield ".choices", "expected at least one rule, got none"
        for index, rule in enumerate(self.choices):
            yield from bad_name(f".choices[{index}]", rule)
            if rule in self.choices[:index]:
                yield f".choices[{index}]", f"'{rule}' is given twice"
        yield from _not_one_of(".granularity", self.granularity, GRANULARITIES)


@dataclass(frozen=True)
class SpaceSpec:
    """The whole file; ``evonas.space.checks`` compares its keys with each other."""

    name: str
    description: str
    size: Size
    cells: Mapping[str, CellSpec]
    stages: tuple[Stage, ...]
    rules: Rules
    source: str = ""
    stem: Stem = field(default_factory=Stem)
    reduction: Reduction = field(default_factory=Reduction)
    head: Head = field(default_factory=Head)


def read_graph(converter: cattrs.Converter) -> None:
    """Teaches ``converter`` that a graph is the word ``dense`` or a mapping ``{choose: k}``."""
    structure_mapping = converter.get_structure_hook(Graph)

    def hook(value: Any, expected: type[Graph]) -> Graph:
        if value == "dense":
            return Graph(choose=None)
        if not isinstance(value, dict):
            raise ValueError(f"expected dense or {{choose: k}}, got {show(value)}")
        graph: Graph = structure_mapping(value, expected)
        if graph.choose is None:
            raise ValueError("expected dense or {choose: k}, got a mapping without a number")
        return graph

    converter.register_structure_hook(Graph, hook)
