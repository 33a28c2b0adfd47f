"""Finished runs for the tests of pages, one per seed, created once."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

import evonas
from tests.pages.small import SIZE


@pytest.fixture(scope="session")
def run_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Folder of a finished run with a given seed; tests must not modify it."""

    @cache
    def made(seed: int) -> Path:
        folder = tmp_path_factory.mktemp("runs") / f"seed-{seed}"
        size = {**SIZE, "generations": 2, "seed": seed}
        evonas.search(
            "nas-bench-201", objectives=["acc", "robust"], out=folder, progress=False, **size
        )
        return folder

    return made
