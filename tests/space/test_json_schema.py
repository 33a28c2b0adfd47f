"""The JSON schema in jsonschema: it accepts what evonas accepts and rejects malformed files."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from evonas.errors import SpaceError
from evonas.space import from_data, shipped, source_text
from evonas.space.json_schema.schema import space_schema
from evonas.strict_yaml import parse_yaml
from tests.space.conftest import ODD_SPACES
from tests.space.example_space import broken, good
from tests.space.wrong_values import WRONG

VALIDATOR = Draft202012Validator(space_schema())

ACROSS_KEYS = (
    "unknown cell", "is used by no stage", "is the same operation as", "has one input",
    "do not divide", "halves the channels", "begins with half the channels", "concat needs inputs",
    "the first node has only", "a linear stem", "reads images of one pixel", "needs it",
    "there is no reduction", "kind residual does not take", "kind reducing does not take",
    "fixed: genome", "stages[1].repeat: must be at least 1, got 0",
)  # fmt: skip
"""Messages about several keys at once, which a schema of single keys cannot express."""


def is_valid(data: Any) -> bool:
    # a file holds lists, mappings and scalars only, as JSON does
    return bool(VALIDATOR.is_valid(json.loads(json.dumps(data))))


def test_schema_is_valid_under_its_draft() -> None:
    Draft202012Validator.check_schema(space_schema())


@pytest.mark.parametrize("name", [*shipped(), *ODD_SPACES])
def test_loadable_space_satisfies_schema(name: str) -> None:
    text = ODD_SPACES[name] if name in ODD_SPACES else source_text(name)
    errors = list(VALIDATOR.iter_errors(parse_yaml(text, where=name)))
    assert not errors, [error.message for error in errors]


def is_expressible(message: str) -> bool:
    """Whether a schema can reject what this message of the loader is about."""
    return "kernel: this key" in message or not any(words in message for words in ACROSS_KEYS)


@pytest.mark.parametrize(
    ("path", "value"),
    [(path, value) for path, value, message in WRONG if is_expressible(message)],
)
def test_malformed_space_violates_schema(path: str, value: Any) -> None:
    assert not is_valid(broken(path, value))


@pytest.mark.parametrize(("path", "value"), [
    ("stem.kind", "linear"), ("reduction", {"kind": "none"}), ("size.channels", 10**6),
    ("stages.1.repeat", None), ("stages.1.repeat", {"choose": [0, 1]}), ("head", {}),
    ("cells.block.graph", "dense"), ("activation", {"choose": ["tanh", "gelu"]}),
])  # fmt: skip
def test_alternative_key_values_satisfy_schema(path: str, value: Any) -> None:
    assert is_valid(broken(path, value))


def test_misspelt_key_is_rejected_by_schema_and_loader() -> None:
    for path in ("", "size", "stem", "cells.block", "cells.block.operations.conv", "stages.0",
                 "reduction", "head", "rules"):  # fmt: skip
        data = copy.deepcopy(good())
        inner: Any = data
        for step in path.split(".") if path else ():
            inner = inner[int(step)] if step.isdigit() else inner.setdefault(step, {})
        inner["mispelt"] = 1
        assert not is_valid(data), path
        with pytest.raises(SpaceError, match="mispelt"):
            from_data(data, where="test")


def test_every_top_level_key_has_a_description() -> None:
    schema = space_schema()
    assert all("description" in each for each in schema["properties"].values())


def test_published_schema_matches_code() -> None:
    path = Path(__file__).resolve().parents[2] / "docs" / "search-space.schema.json"
    assert json.loads(path.read_text(encoding="utf-8")) == space_schema()
