"""A folder of images, and caches that are empty before each test."""

from pathlib import Path

import pytest

from tests.evaluation.data.disk.two_storages import forget
from tests.evaluation.data.image_tree import make_image_tree


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_image_tree(tmp_path_factory.mktemp("tree"))


@pytest.fixture(autouse=True)
def _empty_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVONAS_CACHE", str(tmp_path / "cache"))
    forget()
