"""A genome as one line of text: the cells as NAS-Bench-201 writes them, then the rules.

|nor_conv_3x3~0|+|none~0|skip_connect~1|+|...|  @ usf*3 fa - dfa
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from evonas.errors import GenomeError
from evonas.registry import suggestion
from evonas.space.cell import CellGraph
from evonas.space.genome import Gene
from evonas.space.spec import NAME

INACTIVE = "-"
_RUN = re.compile(r"(?P<rule>[^*]+)(?:\*(?P<count>[1-9][0-9]{0,5}))?")


def format_cells(graphs: Sequence[CellGraph], values: Mapping[str, Sequence[int]]) -> str:
    """``|op~i|+|op~i|op~j|``; of several cells each as ``name=...``."""
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


def format_rules(rules: Sequence[str]) -> str:
    """The rules in order, each run of equal ones shortened to ``rule*count``."""
    runs = ((rule, len(list(run))) for rule, run in groupby(rules))
    return " ".join(rule if count == 1 else f"{rule}*{count}" for rule, count in runs)


def parse_cells(graphs: Sequence[CellGraph], text: str) -> list[int]:
    """The values of the genes of all cells, in order.

    Raises:
        GenomeError: a cell, node, edge or operation is not one of the space.
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
    return [value for graph in graphs for value in _parse_cell(graph, texts[graph.name])]


def _parse_cell(graph: CellGraph, text: str) -> Iterator[int]:
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


def parse_rules(genes: Sequence[Gene], text: str) -> Iterator[int]:
    """The values of the rule genes; ``-`` stands for a rule that changes nothing, and gives 0.

    Raises:
        GenomeError: a rule is not one of the space, or there are too few or too many.
    """
    rules: list[str] = []
    for word in text.split():
        run = _RUN.fullmatch(word)
        if run is None:
            raise GenomeError(f"genome, rules: expected rule or rule*count, got '{_short(word)}'")
        rules.extend([run["rule"]] * min(int(run["count"] or 1), len(genes) + 1))
    if len(rules) != len(genes):
        came = "more" if len(rules) > len(genes) else str(len(rules))
        raise GenomeError(f"genome, rules: expected {len(genes)} of them, got {came}")
    for gene, rule in zip(genes, rules, strict=True):
        if rule == INACTIVE:
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
