"""A small finished study shared by the tests of the API, and its settings."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

import evonas

QUICK: Mapping[str, Any] = MappingProxyType(
    {
        "population": 2, "generations": 2, "epochs": 1, "images": 60, "batch": 20, "channels": 4,
        "workers": 1, "progress": False, "replicates": "1", "confirm": 0,
    }
)  # fmt: skip


@pytest.fixture(scope="session")
def quick() -> dict[str, Any]:
    return dict(QUICK)


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> evonas.Study:
    """A finished study of four candidates of the space ``tiny``; tests must not modify it."""
    out: Path = tmp_path_factory.mktemp("api") / "run"
    return evonas.search("tiny", objectives=["acc", "params"], out=out, **QUICK)
