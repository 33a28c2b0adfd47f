"""A small space without a fault, and the same space broken in one place."""

from typing import Any


def good() -> dict[str, Any]:
    """A small space without a fault, for tests to break in one place."""
    return {
        "name": "mine",
        "description": "for tests",
        "size": {"channels": 4, "cells": 1},
        "cells": {
            "block": {
                "nodes": 2,
                "graph": {"choose": 1},
                "operations": {
                    "skip": {"kind": "identity"},
                    "conv": {"kind": "convolution", "kernel": 3},
                },
            }
        },
        "stages": [{"cell": "block", "channels": 1}, {"cell": "block", "channels": 2}],
        "rules": {"choices": ["fa", "usf"]},
    }


def broken(path: str, value: Any) -> dict[str, Any]:
    """``good()`` with one value set; ``...`` deletes it. Numbers in the path are list indices."""
    data: Any = good()
    *parents, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    inner = data
    for step in parents:
        inner = inner.setdefault(step, {}) if isinstance(inner, dict) else inner[step]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    assert isinstance(data, dict)
    return data
