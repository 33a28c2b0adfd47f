"""A finished run for every seed that a page needs, made once."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

import evonas
from tests.pages.small import SIZE


@pytest.fixture(scope="session")
def run_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """The folder of a run with this seed; not to be written to."""

    @cache
    def made(seed: int) -> Path:
        folder = tmp_path_factory.mktemp("runs") / f"seed-{seed}"
        size = {**SIZE, "generations": 2, "seed": seed}
        evonas.search(
            "nas-bench-201", objectives=["acc", "robust"], out=folder, progress=False, **size
        )
        return folder

    return made
