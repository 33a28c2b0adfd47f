"""A genome as one line of text: the cells in the notation of NAS-Bench-201, then the rules.

|nor_conv_3x3~0|+|none~0|skip_connect~1|+|...|  @ usf*3 fa - dfa

Macro genes come between the two: ``stage0.channels=2 stage0.repeat=1``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from evonas.errors import GenomeError
from evonas.registry import suggestion
from evonas.space.cell import CellGraph
from evonas.space.gene_layout import GeneLayout
from evonas.space.genome import Gene
from evonas.space.keys.problems import NAME
from evonas.space.spec import CellSpec

_INACTIVE = "-"
_RUN = re.compile(r"(?P<rule>[^*]+)(?:\*(?P<count>[1-9][0-9]{0,5}))?")


def format_genome(
    layout: GeneLayout, values: tuple[int, ...], *, is_active: Sequence[bool]
) -> str:
    """Return the line of a genome, with ``-`` for inactive rules.

    Args:
        layout: genes of the space.
        values: value of each gene.
        is_active: whether each gene matters.
    """
    rules = [
        layout.rules[value] if matters else _INACTIVE
        for value, matters in zip(
            values[layout.first_rule :], is_active[layout.first_rule :], strict=True
        )
    ]
    cells = _format_cells(layout.graphs, layout.by_cell(values))
    macros = _format_macros(layout.genes[layout.macro], values[layout.macro])
    return f"{cells}{macros} @ {_format_rules(rules)}"


def parse_genome(layout: GeneLayout, line: str) -> tuple[int, ...]:
    """Return the value of each gene, 0 for rules that are inactive or left out with the ``@``.

    Raises:
        GenomeError: the line is not a genome of the space.
    """
    before, at, rules = line.partition("@")
    cells, macros = _split_macros(before)
    values = _parse_cells(layout.graphs, cells)
    values.extend(_parse_macros(layout.genes[layout.macro], macros))
    genes = layout.genes[layout.first_rule :]
    values.extend(_parse_rules(genes, rules) if at else [0] * len(genes))
    return tuple(values)


def _format_cells(graphs: Sequence[CellGraph], values: Mapping[str, Sequence[int]]) -> str:
    """Return ``|op~i|+|op~i|op~j|``; if there are several cells, each as ``name=...``."""
    texts = [_format_cell(graph, values[graph.name]) for graph in graphs]
    if len(graphs) == 1:
        return texts[0]
    return " ".join(f"{graph.name}={text}" for graph, text in zip(graphs, texts, strict=True))


def _format_cell(graph: CellGraph, values: Sequence[int]) -> str:
    nodes = groupby(graph.wires(values), key=lambda wire: wire.target)
    return "+".join(
        "|" + "".join(f"{graph.operations[wire.operation].name}~{wire.source}|" for wire in wires)
        for _, wires in nodes
    )


def _format_rules(rules: Sequence[str]) -> str:
    """Return the rules in order, each run of equal ones shortened to ``rule*count``."""
    runs = ((rule, len(list(run))) for rule, run in groupby(rules))
    return " ".join(rule if count == 1 else f"{rule}*{count}" for rule, count in runs)


def _format_macros(genes: Sequence[Gene], values: Sequence[int]) -> str:
    """Return `` name=choice`` for every macro gene; empty if there are none."""
    return "".join(
        f" {gene.name}={gene.choices[value]}" for gene, value in zip(genes, values, strict=True)
    )


def _split_macros(line: str) -> tuple[str, str]:
    """Separate the words of the cells from those of the macro genes, which have no ``|``."""
    words = line.split()
    cells = [word for word in words if "|" in word or "=" not in word]
    macros = [word for word in words if "|" not in word and "=" in word]
    return " ".join(cells), " ".join(macros)


def _parse_macros(genes: Sequence[Gene], text: str) -> Iterator[int]:
    """Yield the values of the macro genes, in order.

    Raises:
        GenomeError: one is missing, given twice or unknown, or has no such choice.
    """
    given: dict[str, str] = {}
    names = [gene.name for gene in genes]
    for word in text.split():
        name, _, choice = word.partition("=")
        if name not in names:
            known = ", ".join(names) or "none"
            hint = suggestion(name, names)
            raise GenomeError(f"genome: unknown gene '{_short(name)}'{hint} (known: {known})")
        if name in given:
            raise GenomeError(f"genome: gene '{name}' is given twice")
        given[name] = choice
    for gene in genes:
        if gene.name not in given:
            raise GenomeError(f"genome: gene '{gene.name}' is missing; expected {gene.name}=...")
        choice = given[gene.name]
        if choice not in gene.choices:
            raise GenomeError(
                f"genome, gene '{gene.name}': expected one of {', '.join(gene.choices)}, "
                f"got '{_short(choice)}'"
            )
        yield gene.choices.index(choice)


def cell_graph(name: str, spec: CellSpec) -> CellGraph:
    """Return the graph of a cell; the cell has no genes if the YAML fixes them.

    Raises:
        GenomeError: ``fixed`` is not the text of a cell of this graph.
    """
    graph = CellGraph(name, replace(spec, fixed=None))
    if spec.fixed is None:
        return graph
    return replace(graph, fixed=parse_cell(graph, spec.fixed))


def _parse_cells(graphs: Sequence[CellGraph], text: str) -> list[int]:
    """Return the values of the genes of all cells, in order.

    Raises:
        GenomeError: a cell, node, edge or operation does not exist in the space.
    """
    by_name = {graph.name: graph for graph in graphs}
    texts: dict[str, str] = {}
    for word in text.split():
        name, equals, cell_text = word.rpartition("=")
        if not equals and len(graphs) == 1:
            name = graphs[0].name
        if name not in by_name:
            known = ", ".join(f"{cell}=|...|" for cell in by_name)
            hint = suggestion(name, by_name)
            raise GenomeError(f"genome: expected {known}, got '{_short(word)}'{hint}")
        if name in texts:
            raise GenomeError(f"genome: cell '{name}' is given twice")
        texts[name] = cell_text
    for name in by_name:
        if name not in texts:
            raise GenomeError(f"genome: cell '{name}' is missing in '{_short(text)}'")
    return [value for graph in graphs for value in parse_cell(graph, texts[graph.name])]


def parse_cell(graph: CellGraph, text: str) -> tuple[int, ...]:
    """Return the values of the genes of one cell; empty if all genomes have the same cell.

    Raises:
        GenomeError: a node, edge or operation does not exist in the cell, or the cell is fixed
            and the text describes another one.
    """
    values = tuple(_cell_values(graph, text))
    if graph.fixed is None:
        return values
    if values != graph.fixed:
        expected = _format_cell(graph, ())
        raise GenomeError(
            f"genome, cell '{graph.name}': all genomes of this space have {expected}, got "
            f"'{_short(text)}'"
        )
    return ()


def _cell_values(graph: CellGraph, text: str) -> Iterator[int]:
    nodes = text.split("+")
    if len(nodes) != graph.spec.nodes:
        raise GenomeError(
            f"genome, cell '{graph.name}': expected {graph.spec.nodes} nodes joined by '+', "
            f"got {len(nodes)} in '{_short(text)}'"
        )
    for target, node in zip(graph.targets, nodes, strict=True):
        where = f"genome, cell '{graph.name}', node {target}"
        edges = sorted(_parse_edges(graph, node, where=where))
        sources = tuple(source for source, _ in edges)
        sets = graph.sources[target]
        if sources not in sets:
            raise GenomeError(
                f"{where}: expected {_describe_sources(sets)}, "
                f"got {', '.join(map(str, sources)) or 'none'} in '{_short(node)}'"
            )
        if len(sets) > 1:
            yield sets.index(sources)
        for _, operation in edges:
            yield operation


def _parse_edges(graph: CellGraph, node: str, *, where: str) -> Iterator[tuple[int, int]]:
    if len(node) < 2 or not (node.startswith("|") and node.endswith("|")):
        raise GenomeError(f"{where}: expected |operation~input|..., got '{_short(node)}'")
    names = [operation.name for operation in graph.operations]
    for edge in node[1:-1].split("|"):
        name, tilde, source = edge.partition("~")
        if not (tilde and re.fullmatch(r"[0-9]{1,4}", source)):
            raise GenomeError(f"{where}: expected operation~input, got '{_short(edge)}'")
        if name not in names:
            raise GenomeError(
                f"{where}: unknown operation '{_short(name)}'{suggestion(name, names)} "
                f"(known: {', '.join(names)})"
            )
        yield int(source), names.index(name)


def _describe_sources(sets: Sequence[tuple[int, ...]]) -> str:
    if len(sets) == 1:
        return f"one edge from each of the nodes {', '.join(map(str, sets[0]))}"
    highest = max(map(max, sets))
    return f"edges from {len(sets[0])} different nodes of 0 to {highest}"


def _parse_rules(genes: Sequence[Gene], text: str) -> Iterator[int]:
    """Yield the values of the rule genes; ``-`` marks an inactive rule and gives 0.

    Raises:
        GenomeError: a rule does not exist in the space, or there are too few or too many.
    """
    rules: list[str] = []
    for word in text.split():
        run = _RUN.fullmatch(word)
        if run is None:
            raise GenomeError(f"genome, rules: expected rule or rule*count, got '{_short(word)}'")
        rules.extend([run["rule"]] * min(int(run["count"] or 1), len(genes) + 1))
    if len(rules) != len(genes):
        came = "more" if len(rules) > len(genes) else str(len(rules))
        raise GenomeError(f"genome, rules: expected {len(genes)} rules, got {came}")
    for gene, rule in zip(genes, rules, strict=True):
        if rule == _INACTIVE:
            yield 0
        elif rule in gene.choices:
            yield gene.choices.index(rule)
        else:
            hint = suggestion(rule, gene.choices) if NAME.fullmatch(rule) else ""
            raise GenomeError(
                f"genome, rule of '{gene.name}': unknown rule '{_short(rule)}'{hint} "
                f"(known: {', '.join(gene.choices)})"
            )


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
