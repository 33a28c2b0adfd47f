"""What is made from the code is what the code says; pages name files and commands that exist."""

import re
from pathlib import Path

import pytest

from docs.make import MADE, stale

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("name", list(MADE))
def test_a_made_page_is_fresh(name: str) -> None:
    assert name not in stale(), "run: python -m docs.make"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_files_that_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:]+)[)#]", text)
    paths = re.findall(r"`((?:evonas|rules|benchmarks|tests|docs|search_spaces)/[\w./-]+)`", text)
    missing = [link for link in links if not (page.parent / link).exists()]
    missing += [path for path in paths if not (ROOT / path).exists()]
    assert missing == []


def test_no_folder_is_crowded_and_no_module_long() -> None:
    for top in ("evonas", "rules"):
        for folder in {path.parent for path in (ROOT / top).rglob("*.py")}:
            modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
            assert len(modules) <= 15, folder
            for module in modules:
                assert len(module.read_text().splitlines()) <= 300, module


def test_every_test_file_has_its_oracle_named() -> None:
    text = (ROOT / "tests" / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", text))
    assert named == {path.stem for path in (ROOT / "tests").rglob("test_*.py")}
