"""Convert plain data to frozen dataclasses; report all problems at once, each with its path.

cattrs structures them with strict primitives: ``"3"`` is not an integer, ``1`` is not a text,
``yes`` is not one.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Literal, TypeVar, get_args, get_origin

import cattrs
from cattrs.errors import (
    AttributeValidationNote,
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)
from cattrs.gen import make_dict_structure_fn

from evonas.errors import InputError, SpaceError, show
from evonas.registry import suggestion
from evonas.strict_yaml import quoting_hint

PHRASES: dict[type, str] = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "true or false",
}

Structured = TypeVar("Structured")


class ProblemsError(ValueError):
    """Several problems of one value, for a ``__post_init__`` that compares several keys.

    Args:
        found: path below the value (``".size.cells"``, ``"[2]"`` or ``""``) and description of
            each problem.
    """

    def __init__(self, found: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{below}: {text}" if below else text for below, text in found))
        self.found = tuple(found)


def structure(
    data: Any,
    cls: type[Structured],
    *,
    where: str,
    error: type[InputError] = SpaceError,
    customise: Callable[[cattrs.Converter], None] | None = None,
) -> Structured:
    """Convert ``data`` to an instance of the frozen dataclass ``cls``.

    Fields may be whole numbers, numbers, texts, truth values, ``X | None``, ``tuple[X, ...]``
    (from a YAML list), ``Mapping[str, X]`` and other dataclasses. All type errors are reported at
    once; the checks of a ``__post_init__`` run once its own fields have the right types.

    Args:
        data: data as returned by :func:`evonas.strict_yaml.read_yaml`.
        cls: a dataclass; its ``__post_init__`` may raise ``ValueError`` for a value out of range,
            or :class:`ProblemsError` for several of them.
        where: name of the source in messages.
        error: class of error to raise.
        customise: adds hooks, for unions whose type depends on the data.

    Raises:
        InputError: of class ``error``, with one line for every problem and its path from ``$``.
    """
    converter = _converter()
    if customise is not None:
        customise(converter)
    try:
        return converter.structure(data, cls)
    except (ClassValidationError, IterableValidationError, ValueError) as problem:
        lines = list(dict.fromkeys(_problem_lines(problem, "$")))
        count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
        raise error("\n  ".join([f"{where}: {count}", *lines])) from None


def _problem_lines(problem: BaseException, path: str) -> Iterator[str]:
    if isinstance(problem, ClassValidationError | IterableValidationError):
        below, here = problem.group_exceptions()
        for inner, note in below:
            yield from _problem_lines(inner, path + _step(note))
        for inner in here:
            yield from _problem_lines(inner, path)
    elif isinstance(problem, ProblemsError):
        for where, text in problem.found:
            yield f"{path}{where}: {text}"
    elif isinstance(problem, ForbiddenExtraKeysError):
        known = [field.name for field in fields(problem.cl)]
        for key in sorted(map(str, problem.extra_fields)):
            hint = suggestion(key, known)
            yield f"{path}: unknown key '{key}'{hint} (known: {', '.join(known)})"
    elif isinstance(problem, KeyError):
        yield f"{path}: this key is missing"
    elif isinstance(problem, ValueError):
        yield f"{path}: {problem}"
    else:
        raise problem  # a bug in a hook is not the user's fault


def _step(note: AttributeValidationNote | IterableValidationNote) -> str:
    if isinstance(note, AttributeValidationNote):
        return f".{note.name}"
    return f"[{note.index}]" if isinstance(note.index, int) else f".{note.index}"


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    for primitive in (int, float, str, bool):
        converter.register_structure_hook(primitive, _strict(primitive))

    def items(value: Any, expected: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValueError(f"expected a list, got {show(value)}")
        return tuple(_each(converter, enumerate(value), get_args(expected)[0]).values())

    def entries(value: Any, expected: Any) -> dict[Any, Any]:
        if not isinstance(value, dict):
            raise ValueError(f"expected a mapping, got {show(value)}")
        wrong = [key for key in value if type(key) is not str]
        if wrong:
            found, hint = ", ".join(map(show, wrong)), quoting_hint(wrong[0])
            raise ValueError(f"expected texts as keys, got {found}{hint}")
        return _each(converter, value.items(), get_args(expected)[1])

    def record_factory(cls: type) -> Callable[[Any, type], Any]:
        convert: Callable[[Any, type], Any] = make_dict_structure_fn(
            cls, converter, _cattrs_forbid_extra_keys=True, _cattrs_detailed_validation=True
        )
        known = ", ".join(field.name for field in fields(cls))

        def record(value: Any, expected: type) -> Any:
            if not isinstance(value, dict):
                raise ValueError(f"expected a mapping (keys: {known}), got {show(value)}")
            return convert(value, expected)

        return record

    def choice(value: Any, expected: Any) -> Any:
        if type(value) is not str or value not in get_args(expected):
            known = ", ".join(map(str, get_args(expected)))
            raise ValueError(f"expected one of {known}, got {show(value)}")
        return value

    hooks: dict[Any, Any] = {Literal: choice, tuple: items, Mapping: entries}
    converter.register_structure_hook_func(
        lambda kind: get_origin(kind) in hooks,
        lambda value, kind: hooks[get_origin(kind)](value, kind),
    )
    converter.register_structure_hook_factory(is_dataclass, record_factory)
    return converter


def _each(
    converter: cattrs.Converter, pairs: Iterable[tuple[Any, Any]], kind: Any
) -> dict[Any, Any]:
    structured, problems = {}, []
    for key, value in pairs:
        try:
            structured[key] = converter.structure(value, kind)
        except (ClassValidationError, IterableValidationError, ValueError) as problem:
            problem.add_note(IterableValidationNote(f"at {key}", key, kind))
            problems.append(problem)
    if problems:
        raise IterableValidationError("some items are wrong", problems, kind)
    return structured


def _strict(primitive: type) -> Callable[[Any, type], Any]:
    def convert(value: Any, _: type) -> Any:
        if primitive is float and type(value) is int:
            return float(value)
        if type(value) is not primitive:
            hint = quoting_hint(value) if primitive is str else ""
            raise ValueError(f"expected {PHRASES[primitive]}, got {show(value)}{hint}")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"expected a finite number, got {value}")
        return value

    return convert
