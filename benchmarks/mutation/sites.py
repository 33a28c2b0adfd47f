"""Faults that can be put into a module: mutmut's operators at every place where one applies.

mutmut (https://github.com/boxed/mutmut) supplies what replaces a node; where is decided here,
because its own run leaves out decorated functions and everything outside of functions, such as
tables and settings. Left out are places where a fault has no effect on what the code does:
imports, annotations, docstrings, the text of messages (what a ``raise`` makes or a call such as
``warn`` says, and texts with a space in them), and blocks for type checkers.
"""

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst
from libcst.metadata import MetadataWrapper, ParentNodeProvider, PositionProvider
from mutmut.mutation.mutators import mutation_operators

_SPEAKERS = ("warn", "print", "_say", "_tell")
_OUTSIDE = (cst.Annotation, cst.Import, cst.ImportFrom, cst.Raise, cst.Decorator)


@dataclass(frozen=True)
class Fault:
    """One node of a module that becomes another.

    Attributes:
        lines: first and last of the statement that holds it.
        before: the statement's code.
        after: the same with the fault.
        code: of the whole module.
    """

    lines: tuple[int, int]
    before: str
    after: str
    code: str


def draw_fault(code: str, *, rng: random.Random) -> Fault | None:
    """One of the faults of a module: a node by chance, then one of its faults by chance.

    Args:
        code: of the module.
        rng: that is drawn from.

    Returns:
        None where no operator applies.
    """
    wrapper = MetadataWrapper(cst.parse_module(code))
    parents = wrapper.resolve(ParentNodeProvider)
    positions = wrapper.resolve(PositionProvider)
    nodes = [node for node in _nodes(wrapper.module) if _faults(node)]
    rng.shuffle(nodes)
    same = ast.dump(ast.parse(code))
    for node in nodes:
        others = _faults(node)
        rng.shuffle(others)
        for other in others:
            changed = wrapper.module.deep_replace(node, other)
            if not isinstance(changed, cst.Module) or not _is_another(changed.code, same):
                continue
            statement = _statement(node, parents)
            place = positions[statement]
            where = positions[node]
            old, new = (text.splitlines() for text in (code, changed.code))
            first = where.start.line
            extra = len(new) - len(old)
            return Fault(
                (place.start.line, place.end.line if _is_simple(statement) else first),
                "\n".join(old[first - 1 : where.end.line]),
                "\n".join(new[first - 1 : where.end.line + extra]),
                changed.code,
            )
    return None


def _nodes(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """All nodes that may be changed, the outer ones first."""
    if isinstance(node, _OUTSIDE) or _is_docstring(node) or _is_for_type_checkers(node):
        return
    if isinstance(node, cst.Call) and getattr(node.func, "value", "") in _SPEAKERS:
        return
    yield node
    for child in node.children:
        yield from _nodes(child)


def _faults(node: cst.CSTNode) -> list[cst.CSTNode]:
    if isinstance(node, cst.SimpleString) and " " in node.value:
        return []  # a sentence
    return [
        other
        for kind, operator in mutation_operators
        if isinstance(node, kind)
        for other in operator(node)
    ]


def _is_docstring(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Expr) and isinstance(
        node.value, cst.SimpleString | cst.ConcatenatedString
    )


def _is_for_type_checkers(node: cst.CSTNode) -> bool:
    return (
        isinstance(node, cst.If)
        and isinstance(node.test, cst.Name)
        and node.test.value == "TYPE_CHECKING"
    )


def _is_simple(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.SimpleStatementLine)


def _statement(node: cst.CSTNode, parents: object) -> cst.CSTNode:
    while not isinstance(node, cst.SimpleStatementLine | cst.BaseCompoundStatement | cst.Module):
        node = parents[node]  # type: ignore[index]
    return node


def _is_another(code: str, same: str) -> bool:
    """Whether it is Python, and not the same program."""
    try:
        return ast.dump(ast.parse(code)) != same
    except SyntaxError:
        return False
