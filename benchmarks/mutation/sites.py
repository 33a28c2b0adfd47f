"""Draw faults for a module: mutmut's operators, applied wherever they fit.

mutmut (https://github.com/boxed/mutmut) supplies the replacement of a node. The location is chosen
here, because mutmut's own runner skips decorated functions and code outside functions, such as
tables and settings. Skipped here are places where a fault does not change behaviour: imports,
annotations, docstrings, message texts (in a ``raise``, in calls such as ``warn``, and strings with
a space), and blocks for type checkers.
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
    """A node of a module replaced by another one.

    Attributes:
        lines: first and last line of the statement that contains the node.
        before: original code.
        after: faulty code.
        code: code of the whole module with the fault.
    """

    lines: tuple[int, int]
    before: str
    after: str
    code: str


def draw_fault(code: str, *, rng: random.Random) -> Fault | None:
    """Draw a random node of a module, then a random fault of this node.

    Args:
        code: code of the module.
        rng: source of randomness.

    Returns:
        The fault; None if no operator applies.
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
    """All nodes that may be replaced, outer nodes first."""
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
    """Whether the code is valid Python and differs from the original program."""
    try:
        return ast.dump(ast.parse(code)) != same
    except SyntaxError:
        return False
