"""Every wrong value in a YAML file is reported with path, expectation and actual value.

The oracle is a table of wrong values and their messages.
"""

from typing import Any

import pytest

from evonas.errors import SpaceError
from evonas.space import from_data
from tests.space.example_space import broken, good
from tests.space.wrong_values import WRONG


def test_unbroken_example_space_loads() -> None:
    assert from_data(good(), where="mine.yaml").size > 0


@pytest.mark.parametrize(("path", "value", "message"), WRONG)
def test_wrong_value_is_reported_with_its_path(path: str, value: Any, message: str) -> None:
    data = broken(path, value)
    if message.endswith(("6 channels", "got 3")):
        data["size"]["channels"] = 3
    with pytest.raises(SpaceError) as caught:
        from_data(data, where="mine.yaml")
    text = str(caught.value)
    assert text.startswith("mine.yaml: ")
    assert any(line.startswith(message) for line in text.split("\n  ")[1:]), text


@pytest.mark.parametrize("name", ["Mine", "ResNet-20", "3x3_Conv", "0", "a" * 64])
def test_valid_name_is_accepted(name: str) -> None:
    assert from_data(broken("name", name), where="test").name == name


def test_all_problems_are_reported_at_once() -> None:
    data = good() | {"size": {"channels": 0, "cells": "5"}, "sise": 1}
    data["cells"]["block"]["operations"]["conv"] = {"kind": "convolution", "mode": "avg"}
    with pytest.raises(SpaceError) as caught:
        from_data(data, where="mine.yaml")
    assert str(caught.value).split("\n  ") == [
        "mine.yaml: 4 problems",
        "$.size.cells: expected a whole number, got '5'",
        "$.cells.block.operations.conv.kernel: this key is missing (kind convolution needs it)",
        "$.cells.block.operations.conv.mode: kind convolution does not take this key "
        "(it takes kernel, dilation, groups)",
        "$: unknown key 'sise'; did you mean 'size'? (known: name, description, size, cells, "
        "stages, rules, source, stem, reduction, head, activation, normalisation)",
    ]
