"""Convert a journal entry to an evaluation with checked types.

A hash shows that an entry is unchanged, but journals of earlier formats have none, and an editor
of a journal can recompute it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from evonas.evaluation.record import Evaluation


def evaluation_of(document: Mapping[str, Any]) -> Evaluation:
    """The evaluation that a document describes.

    Raises:
        ValueError: a value has the wrong type.
        TypeError, KeyError: a value is missing or invalid.
    """
    for name, value in document.items():
        is_right, expected = _FIELDS[name]
        if not is_right(value):
            raise ValueError(f"{name}: expected {expected}, got {value!r:.40}")
    return Evaluation(**{**document, "losses": tuple(document["losses"])})


def _is_text(value: object) -> bool:
    return type(value) is str


def _is_whole(value: object) -> bool:
    return type(value) is int


def _is_number(value: object) -> bool:
    return type(value) is float or type(value) is int


def _or_none(is_right: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or is_right(value)


def _by_name(is_right: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, dict) and all(map(is_right, value.values()))


def _are_numbers(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_number, value))


_TEXT = _is_text, "a text"
_WHOLE = _is_whole, "a whole number"
_NUMBER = _is_number, "a number"
_SIZE = (lambda value: _is_number(value) and value >= 0), "a number of 0 or more"
_REASON = _or_none(_is_text), "a text or nothing"
_NUMBERS = _by_name(_is_number), "numbers by name"
_COUNTS = _by_name(_is_whole), "whole numbers by name"
_FIELDS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "key": _TEXT,
    "genome": _TEXT,
    "values": _NUMBERS,
    "weights_by_rule": _COUNTS,
    "losses": (_are_numbers, "a list of numbers"),
    "epochs": _WHOLE,
    "seconds": _SIZE,
    "seed": _WHOLE,
    "failure": _REASON,
    "violation": _SIZE,
    "bounds": _NUMBERS,
    "left_out": _REASON,
    "uncaptured": _REASON,
    "replicate": _WHOLE,
    "test_values": _NUMBERS,
    "num_images": _COUNTS,
    "learned": (_or_none(_is_number), "a number or nothing"),
    "image_errors": _NUMBERS,
    "repeat_errors": _NUMBERS,
    "batch": (_or_none(_is_whole), "a whole number or nothing"),
}
