"""Generated pages match the code; commands in code blocks can be typed; links lead to files."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from cyclopts import CycloptsError
from torch import nn

import evonas
from docs.make import MADE, stale
from evonas.cli.app import make_app
from evonas.rules import convert, wirings
from tests.pages.blocks import blocks_of

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("name", [name for name in MADE if name != "commands.md"])
def test_generated_page_is_up_to_date(name: str) -> None:
    assert name not in stale([name]), "run: python -m docs.make"


def test_command_page_lists_every_command_and_option() -> None:
    # the layout depends on the library that makes the page, and on its version
    named = re.compile(r"^## .*|(?<=`)--[\w-]+|^\| \d+ \|", re.MULTILINE)
    page = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    assert named.findall(page) == named.findall(MADE["commands.md"]()), "run: python -m docs.make"


def test_site_lists_every_page_and_reference_every_public_name() -> None:
    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    listed = re.findall(r"[\w-]+\.md", yaml.safe_dump(site["nav"]))
    assert sorted(listed) == sorted(
        [path.name for path in (ROOT / "docs").glob("*.md")] + ["results.md"]
    )
    reference = (ROOT / "docs/api-reference.md").read_text(encoding="utf-8")
    named = set(
        re.findall(r"^(?:::: |.*heading: )evonas\.(\w+)(?![\w.])", reference, re.MULTILINE)
    )
    assert named == set(evonas.__all__) - {"__version__"}


TYPED = [
    page for page in PAGES if page.name != "commands.md"
]  # that page shows commands as patterns


@pytest.mark.parametrize("page", TYPED, ids=lambda page: page.name)
def test_commands_in_code_blocks_parse(page: Path) -> None:
    app, wrong = make_app(), list[str]()
    for words in commands_in(page):
        try:
            app.parse_args(words, exit_on_error=False, print_error=False)
        except CycloptsError as problem:
            wrong.append(f"evonas {' '.join(words)}: {problem}")
    assert wrong == []


def commands_in(page: Path) -> Iterator[tuple[str, ...]]:
    """The arguments of every ``evonas`` that a block of code tells a user to type."""
    for block in blocks_of(page.read_text(encoding="utf-8")):
        for command in block.commands:
            if command.words[0] == "evonas" and "..." not in command.words:
                yield command.words[1:]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_of_page_point_to_files(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)[)#]", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_folders_and_modules_stay_within_size_limits() -> None:
    for top in ("evonas", "rules"):
        for folder in {path.parent for path in (ROOT / top).rglob("*.py")}:
            modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
            assert len(modules) <= 15, folder
            for module in modules:
                assert len(module.read_text().splitlines()) <= 300, module


def test_readme_names_an_oracle_for_every_test_file() -> None:
    text = (ROOT / "tests" / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", text))
    assert named == {path.stem for path in (ROOT / "tests").rglob("test_*.py")}


def test_every_fault_in_readme_names_existing_tests() -> None:
    text = (ROOT / "tests" / "README.md").read_text(encoding="utf-8")
    _, _, table = text.partition("## Faults and their tests")
    rows = dict(re.findall(r"^\| F(\d+) \|.*\|(.*)\|$", table, re.MULTILINE))
    assert list(rows) == [str(number) for number in range(1, 20)]
    files = {path.stem for path in (ROOT / "tests").rglob("test_*.py")}
    for number, named in rows.items():
        tests = re.findall(r"`(\w+)`", named)
        assert tests, f"F{number}"
        assert set(tests) <= files, f"F{number}"


def test_rule_pasted_from_docs_page_runs() -> None:
    text = (ROOT / "docs" / "packages.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (code,) = [block for block in blocks if "Halfway" in block]
    names: dict[str, Any] = {"__name__": "halfway"}
    exec(code, names)  # what the reader does
    first, second = nn.Linear(3, 4), nn.Linear(4, 2)
    twin = convert(nn.Sequential(first, second), names["Halfway"](), seed=0)
    images = torch.rand(5, 3, requires_grad=True)
    (wiring,) = wirings(twin)
    wiring.watch(twin(images)).sum().backward()
    expected = torch.ones(5, 2) @ (second.weight / 2) @ (first.weight / 2)
    torch.testing.assert_close(images.grad, expected)
