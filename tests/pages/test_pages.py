"""Every page is followed block by block: its commands succeed and its code runs as written."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import evonas
from tests.pages.belongings import BEFORE, FILES, NAMES
from tests.pages.blocks import Block, Command, blocks_of, commands_of, problems_of
from tests.pages.reader import Reader, forget_packages
from tests.pages.small import SIZE, smaller

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "tests/README.md")),
    ROOT / "benchmarks/RESULTS.md",
    # the page of commands is generated from them, and shows patterns
    *(path for path in sorted((ROOT / "docs").glob("*.md")) if path.name != "commands.md"),
]
SLOW = {
    "analysis.md", "api.md", "attacks.md", "controls.md", "data.md", "export.md", "fidelity.md",
    "guidance.md", "noise.md", "objectives.md", "packages.md", "report.md", "runs.md", "search.md",
    "search-spaces.md", "signals.md", "start.md", "training.md", "workers.md",
}  # fmt: skip
"""Pages that take more than a few seconds."""
FROM_README = [Command(("pip", "install", "-e", each)) for each in (".", ".[test]")]
"""Commands that ``.ci/run`` repeats from the README, word for word."""


def blocks(page: Path) -> list[Block]:
    return blocks_of(page.read_text(encoding="utf-8"))


def run_by_ci() -> list[Command]:
    """The commands of ``.ci/run`` that stand on a line of their own."""
    found = list(FROM_README)
    for line in (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines():
        try:
            found += commands_of(line.removeprefix("python -m "))
        except ValueError:  # a quotation over several lines
            continue
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_is_run_or_marked_as_not_run(page: Path) -> None:
    elsewhere = run_by_ci()
    wrong = {block.line: problems_of(block, elsewhere) for block in blocks(page)}
    assert {line: problems for line, problems in wrong.items() if problems} == {}


FOLLOWED = [
    pytest.param(page, id=page.name, marks=[pytest.mark.system] if page.name in SLOW else [])
    for page in PAGES
    if blocks(page)
]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's use of SQLAlchemy
@pytest.mark.parametrize("page", FOLLOWED)
def test_code_and_commands_of_page_work(
    page: Path,
    tmp_path: Path,
    run_of: Callable[[int], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    for name, values in PYTHON.items():
        monkeypatch.setattr(evonas, name, smaller(getattr(evonas, name), **values))
    for make in FILES.get(page.name, ()):
        make(tmp_path)
    names = NAMES.get(page.name, dict)()
    # start.md creates its own run
    reader = Reader(tmp_path, run_of, lends=page.name != "start.md", names=names)
    for text in BEFORE.get(page.name, ()):
        reader.follow(Block(0, "commands", text))
    modules = set(sys.modules)
    parts = blocks(page)
    for block in parts:
        reader.write(block)
    try:
        for block in parts:
            try:
                reader.follow(block)
            except Exception as problem:
                problem.add_note(f"{page.relative_to(ROOT)}, line {block.line}")
                raise
    finally:
        for part in parts:
            if part.file is not None and Path(part.file).stem not in modules:
                sys.modules.pop(Path(part.file).stem, None)
        monkeypatch.undo()
        forget_packages()


PYTHON: dict[str, dict[str, object]] = {
    "search": {**SIZE, "progress": False},
    "train": {"epochs": 4, "batch": 500},
    "attack": {},
    "analyse": {"batches": 4, "grid": 3},
}
"""Arguments that make a function call smaller if the block does not give them."""
