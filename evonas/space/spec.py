"""The keys of a search space's YAML, as frozen dataclasses that check their own values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import cattrs

from evonas.errors import show
from evonas.space.keys.choices import ACTIVATIONS, NORMALISATIONS, Number, Word, read_choices
from evonas.space.keys.operation_spec import OperationSpec
from evonas.space.keys.problems import (
    MAX_CELLS,
    KeyProblem,
    bad_name,
    even,
    not_one_of,
    out_of_range,
    raise_all,
)
from evonas.space.operation import Operation

JOINS: Final = ("last", "sum", "concat")
REDUCTIONS: Final = ("residual", "cell", "none")
STEMS: Final = ("convolution", "reducing", "linear")
MAX_NODES: Final = 64  # per cell: more is a typing error that would exhaust the memory
GRANULARITIES: Final = ("layer", "edge", "stage", "network")


@dataclass(frozen=True)
class Size:
    """``size``: channels of the first stage, and number of cells in every stage."""

    channels: int
    cells: int

    def __post_init__(self) -> None:
        raise_all(self._problems())

    def _problems(self) -> Iterator[KeyProblem]:
        yield from out_of_range(".channels", self.channels)
        yield from out_of_range(".cells", self.cells, most=MAX_CELLS)


@dataclass(frozen=True)
class Stem:
    """``stem``: converts an image to the channels of the first cell, a multiple of C.

    ``convolution``: one convolution with normalisation. ``reducing``: two 3x3 convolutions of
    stride 2, the first with half the channels, as in DARTS on ImageNet. ``linear``: a fully
    connected layer on all pixels, whose output is an image of one pixel.
    """

    kind: str = "convolution"
    kernel: int | None = None
    channels: Number | None = None

    def __post_init__(self) -> None:
        raise_all(self._problems())

    def _problems(self) -> Iterator[KeyProblem]:
        yield from not_one_of(".kind", self.kind, STEMS)
        if self.kind != "convolution" and self.kernel is not None:
            yield ".kernel", f"kind {self.kind} does not take this key"
        yield from out_of_range(".kernel", self.kernel)
        yield from even(".kernel", self.kernel)
        if self.channels is not None:
            yield from self.channels.problems(".channels")

    @property
    def halvings(self) -> int:
        """Number of times it halves the image."""
        return 2 if self.kind == "reducing" else 0


@dataclass(frozen=True)
class Graph:
    """``graph``: ``dense`` (every earlier node) or ``{choose: k}`` (k earlier nodes)."""

    choose: int | None

    def __post_init__(self) -> None:
        raise_all(out_of_range(".choose", self.choose))


@dataclass(frozen=True)
class CellSpec:
    """An entry of ``cells``: a small graph whose nodes are sums of operations on earlier nodes.

    ``fixed`` is the text of one cell that all genomes share; the cell then has no genes.
    """

    operations: Mapping[str, OperationSpec]
    nodes: int
    graph: Graph
    inputs: int = 1
    join: str = "last"
    fixed: str | None = None

    def __post_init__(self) -> None:
        raise_all(self._problems())

    def _problems(self) -> Iterator[KeyProblem]:
        yield from out_of_range(".nodes", self.nodes, most=MAX_NODES)
        if self.inputs not in (1, 2):
            yield ".inputs", f"must be 1 or 2, got {self.inputs}"
        elif self.graph.choose is not None and self.graph.choose > self.inputs:
            text = f"the first node has only {self.inputs} to choose from, got {self.graph.choose}"
            yield ".graph.choose", text
        yield from not_one_of(".join", self.join, JOINS)
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
    """An item of ``stages``: consecutive cells with ``channels`` times C channels.

    The reduction before it has the same channels, unless ``reduction_channels`` is given.
    """

    cell: str
    channels: Number
    repeat: Number | None = None
    reduction_channels: Number | None = None

    def __post_init__(self) -> None:
        raise_all(self._problems())

    def _problems(self) -> Iterator[KeyProblem]:
        yield from self.channels.problems(".channels")
        if self.repeat is not None:
            least = 0 if self.repeat.is_chosen else 1
            yield from self.repeat.problems(".repeat", least=least, most=MAX_CELLS)
        if self.reduction_channels is not None:
            yield from self.reduction_channels.problems(".reduction_channels")


@dataclass(frozen=True)
class Reduction:
    """``reduction``: halves the image before every stage but the first; or ``none``."""

    kind: str = "residual"
    cell: str | None = None

    def __post_init__(self) -> None:
        raise_all(self._problems())

    def _problems(self) -> Iterator[KeyProblem]:
        yield from not_one_of(".kind", self.kind, REDUCTIONS)
        if self.kind == "cell" and self.cell is None:
            yield ".cell", "this key is missing (kind cell needs it)"
        if self.kind in ("residual", "none") and self.cell is not None:
            yield ".cell", f"kind {self.kind} does not take this key"


@dataclass(frozen=True)
class Head:
    """``head``: pooling over the image, then a linear layer.

    ``norm`` adds normalisation and the activation of the space before the pooling.
    """

    norm: bool = True


@dataclass(frozen=True)
class Rules:
    """``rules``: learning rules to choose from, and how many sites share one choice."""

    choices: tuple[str, ...]
    granularity: str = "layer"

    def __post_init__(self) -> None:
        raise_all(self._problems())

    def _problems(self) -> Iterator[KeyProblem]:
        if not self.choices:
            yield ".choices", "expected at least one rule, got none"
        for index, rule in enumerate(self.choices):
            yield from bad_name(f".choices[{index}]", rule)
            if rule in self.choices[:index]:
                yield f".choices[{index}]", f"'{rule}' is given twice"
        yield from not_one_of(".granularity", self.granularity, GRANULARITIES)


@dataclass(frozen=True)
class SpaceSpec:
    """A search space file; ``evonas.space.checks`` checks its keys against each other."""

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
    activation: Word = field(default_factory=lambda: Word(("relu",)))
    normalisation: Word = field(default_factory=lambda: Word(("batch",)))

    def __post_init__(self) -> None:
        raise_all(self._problems())

    def _problems(self) -> Iterator[KeyProblem]:
        yield from self.activation.problems(".activation", known=ACTIVATIONS)
        yield from self.normalisation.problems(".normalisation", known=NORMALISATIONS)


def read_space(converter: cattrs.Converter) -> None:
    """Teach ``converter`` to read values that have several forms: choices and graphs.

    A graph is the word ``dense`` or a mapping ``{choose: k}``.
    """
    read_choices(converter)
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
