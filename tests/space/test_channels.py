"""Which numbers of channels fit the cells and reductions of a space; by hand, one space each."""

from typing import Any

import pytest

from evonas.errors import SpaceError
from evonas.space import from_data
from tests.space.example_space import good


def reducing(*, inputs: int, operation: str, kind: str, channels: int) -> dict[str, Any]:
    """Two stages of equal channels; the operations are a convolution and ``operation``."""
    data = good() | {"reduction": {"kind": kind} | ({"cell": "block"} if kind == "cell" else {})}
    data["size"]["channels"] = channels
    data["stages"][1]["channels"] = 1
    data["cells"]["block"]["inputs"] = inputs
    data["cells"]["block"]["operations"]["skip"] = {"kind": operation}
    return data


@pytest.mark.parametrize(
    ("inputs", "operation", "kind"),
    [
        (1, "identity", "cell"),  # the identity at stride 2
        (2, "zero", "residual"),  # input 0, which is still as large as before the reduction
        (2, "zero", "cell"),
    ],
)
def test_factorised_reduction_requires_even_channels(
    inputs: int, operation: str, kind: str
) -> None:
    odd = reducing(inputs=inputs, operation=operation, kind=kind, channels=3)
    with pytest.raises(SpaceError, match=r"halves the channels: expected an even number, got 3$"):
        from_data(odd, where="mine.yaml")
    even = reducing(inputs=inputs, operation=operation, kind=kind, channels=4)
    assert from_data(even, where="mine.yaml").channels == 4


@pytest.mark.parametrize(
    ("inputs", "operation", "kind"), [(1, "zero", "cell"), (1, "identity", "residual")]
)
def test_odd_channels_are_accepted_without_factorised_reduction(
    inputs: int, operation: str, kind: str
) -> None:
    data = reducing(inputs=inputs, operation=operation, kind=kind, channels=3)
    assert from_data(data, where="mine.yaml").channels == 3


def test_cell_after_an_empty_stage_reads_the_channels_before_that_stage() -> None:
    data = good() | {"reduction": {"kind": "none"}, "size": {"channels": 2, "cells": 1}}
    grouped = {"kind": "convolution", "kernel": 3, "groups": 4}
    data["cells"]["last"] = {"nodes": 1, "graph": "dense", "operations": {"grouped": grouped}}
    data["stages"][0]["channels"] = 1
    data["stages"][1] |= {"channels": 4, "repeat": {"choose": [0, 1]}}
    data["stages"].append({"cell": "last", "channels": 4})
    with pytest.raises(SpaceError, match="4 groups of operation 'grouped' do not divide 2 ch"):
        from_data(data, where="mine.yaml")
    data["stages"][1]["repeat"] = {"choose": [1, 2]}
    assert from_data(data, where="mine.yaml").channels == 2


def test_one_input_cell_may_follow_concat_of_equal_channels() -> None:
    data = good() | {"reduction": {"kind": "cell", "cell": "narrow"}}
    data["cells"]["narrow"] = good()["cells"]["block"]
    data["cells"]["block"] |= {"inputs": 2, "join": "concat"}
    assert from_data(data, where="mine.yaml").positions[2].channels == 8
    assert not any(each.changes_channels for each in from_data(data, where="mine.yaml").positions)


def test_one_input_cell_may_change_the_channels() -> None:
    """Edges from its input then have weights, and so a rule, even if they are skips."""
    positions = from_data(good() | {"stem": {"channels": 3}}, where="mine.yaml").positions
    assert [each.changes_channels for each in positions] == [False, True, False, False, False]
    assert positions[1].sites == ("stage0.cell0.edge1_0", "stage0.cell0.edge2_0")
