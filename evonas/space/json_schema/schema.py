"""JSON schema of a space's YAML, generated from the dataclasses that read it.

Editors use it to complete and check a file while it is edited. It covers one key at a time;
problems across keys (unknown names, channels that do not fit) are found by
``evonas spaces check``.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, Final, get_args, get_origin, get_type_hints

from evonas.space.json_schema.ranges import COUNT, NOTES, ODD, RANGES
from evonas.space.keys.choices import Number, Word
from evonas.space.keys.operation_spec import NEEDED, NUMBERS, OperationSpec
from evonas.space.operation import PARAMETERS, POOL_MODES
from evonas.space.spec import Graph, SpaceSpec

Schema = dict[str, Any]

PRIMITIVES: Final = {int: "integer", str: "string", bool: "boolean"}


def space_schema() -> Schema:
    """Return the schema of a whole file as plain data; draft 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An evonas search space",
        **_of_class(SpaceSpec),
    }


def _of_class(cls: type) -> Schema:
    if cls is OperationSpec:
        return _of_operation()
    if cls is Graph:
        choose = _object({"choose": {"type": "integer", **COUNT}}, needed=["choose"])
        return {"anyOf": [{"const": "dense"}, choose]}
    hints = get_type_hints(cls)
    keys = {field.name: _of_field(cls, field, hints[field.name]) for field in fields(cls)}
    needed = [field.name for field in fields(cls) if _is_needed(field)]
    return {"description": " ".join((cls.__doc__ or "").split()), **_object(keys, needed=needed)}


def _is_needed(field: "Field[Any]") -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _of_field(cls: type, field: "Field[Any]", hint: Any) -> Schema:
    place = (cls.__name__, field.name)
    note = {"description": NOTES[place]} if place in NOTES else {}
    return _of_type(hint, RANGES.get(place, {})) | note


def _of_type(hint: Any, limits: Schema) -> Schema:
    options = [each for each in get_args(hint) if each is not type(None)]
    if type(None) in get_args(hint):
        # a key that is null is treated like one that is left out
        return {"anyOf": [_of_type(options[0], limits), {"type": "null"}]}
    if hint in PRIMITIVES:
        return {"type": PRIMITIVES[hint], **limits}
    if hint in (Number, Word):
        one = {"type": "integer" if hint is Number else "string", **limits}
        choices = {"type": "array", "items": one, "minItems": 1, "uniqueItems": True}
        return {"anyOf": [one, _object({"choose": choices}, needed=["choose"])]}
    if get_origin(hint) is tuple:
        items = _of_type(get_args(hint)[0], limits.get("items", {}))
        return {"type": "array", **limits, "items": items}
    if get_origin(hint) is Mapping:
        return {
            "type": "object",
            "additionalProperties": _of_type(get_args(hint)[1], {}),
            **limits,
        }
    if isinstance(hint, type) and is_dataclass(hint):
        return _of_class(hint)
    raise TypeError(f"no JSON schema for the type {hint}")


def _of_operation() -> Schema:
    """Return one alternative for each kind of operation, with its parameters."""
    values: dict[str, Schema] = {key: {"type": "integer", **COUNT} for key in NUMBERS}
    values |= {"kernel": {"type": "integer", **ODD}, "mode": {"enum": list(POOL_MODES)}}
    return {
        "oneOf": [
            _object(
                {"kind": {"const": kind}, **{key: values[key] for key in takes}},
                needed=["kind", *(key for key in takes if key in NEEDED)],
            )
            for kind, takes in PARAMETERS.items()
        ]
    }


def _object(keys: Mapping[str, Schema], *, needed: list[str]) -> Schema:
    return {
        "type": "object",
        "properties": dict(keys),
        "required": needed,
        "additionalProperties": False,
    }
