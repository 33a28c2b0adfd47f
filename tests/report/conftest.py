"""Fixtures shared by the tests of figures."""

from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are saved during a test."""
    saved: list[Figure] = []
    save = Figure.savefig

    def watched(figure: Figure, path: Path, **given: Any) -> None:
        saved.append(figure)
        save(figure, path, **given)

    monkeypatch.setattr(Figure, "savefig", watched)
    return saved
