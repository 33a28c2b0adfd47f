"""Blocks of a page are found, and those neither run nor explained are reported."""

from pathlib import Path
from textwrap import dedent

import pytest

from evonas.errors import SpaceError
from tests.pages.blocks import Command, Mark, blocks_of, commands_of, problems_of
from tests.pages.reader import Reader
from tests.pages.small import small

RUNS = "    evonas rules\n"


def problems(page: str, *, elsewhere: tuple[Command, ...] = ()) -> list[str]:
    return [each for block in blocks_of(page) for each in problems_of(block, elsewhere)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("    import this\n    this.c\n", "python"),
        ("```python\nnot python at all\n```\n", "python"),
        ("    evonas run --space tiny\n", "commands"),
        ("    CUDA_VISIBLE_DEVICES=0 dask worker\n", "commands"),
        ("```console\nls\n```\n", "commands"),
        ("```yaml\na: 1\n```\n", "yaml"),
        ('    [project.entry-points."evonas.rules"]\n', "toml"),
        ("    V    all images of a part, in words\n", "text"),
        ("```\nx = 1\n```\n", "python"),
        ("```text\nevonas rules\n```\n", "text"),
    ],
)
def test_block_kind_follows_language_or_first_word(text: str, kind: str) -> None:
    (block,) = blocks_of("# Title\n\nwords\n\n" + text)
    assert (block.kind, block.line) == (kind, 5)


def test_mark_applies_only_to_the_block_directly_below() -> None:
    page = f"<!-- not run: slow -->\n<!-- file: a.yaml -->\n\n{RUNS}\nwords\n\n{RUNS}"
    first, second = blocks_of(page)
    assert first.marks == (Mark("not run", "", "slow"), Mark("file", "", "a.yaml"))
    assert second.marks == ()
    (block,) = blocks_of(f"<!-- not run: slow -->\n\nwords\n\n{RUNS}")
    assert block.marks == ()
    (block,) = blocks_of(f"<!-- a table: begin -->\n\n{RUNS}")
    assert block.marks == ()


def test_commands_are_parsed_like_a_shell() -> None:
    text = dedent("""\
        evonas run --space a \\
            --rules "fa, usf"   # two; rules
        pip install -e ".[docs]" && evonas spaces schema > a.json
        OMP_NUM_THREADS=1 pytest -n 0; evonas ls
        """)
    assert commands_of(text) == [
        Command(("evonas", "run", "--space", "a", "--rules", "fa, usf")),
        Command(("pip", "install", "-e", ".[docs]")),
        Command(("evonas", "spaces", "schema"), "a.json"),
        Command(("pytest", "-n", "0")),
        Command(("evonas", "ls")),
    ]


def test_block_neither_run_nor_marked_is_a_problem() -> None:
    assert problems(RUNS + "\nwords\n\n    x = 1\n") == []
    assert problems("    some output here\n") == [
        "neither run nor marked: <!-- not run: REASON -->"
    ]
    assert problems("    evonas ls\n    mkdocs serve\n") == [
        "neither run nor marked: mkdocs serve"
    ]
    assert problems("    pytest -x\n", elsewhere=(Command(("pytest", "-x")),)) == []
    assert problems("    pytest\n", elsewhere=(Command(("pytest", "-x")),)) != []
    assert problems("<!-- not run: printed by it -->\n\n    some output here\n") == []
    assert problems("<!-- not run, `serve`: it serves -->\n\n    mkdocs serve\n") == []


@pytest.mark.parametrize(
    "mark", ["not run", "not run:", "not run, `rules`", "not run, `rules`:", "file", "file:"]
)
def test_mark_without_reason_or_name_is_a_problem(mark: str) -> None:
    assert any("has no reason or name" in each for each in problems(f"<!-- {mark} -->\n\n{RUNS}"))


def test_mark_of_missing_command_is_a_problem() -> None:
    page = f"<!-- not run, `--device all`: needs GPUs -->\n\n{RUNS}"
    assert problems(page) == ["no command has the words '--device all'"]


def test_small_changes_only_sizes_of_commands() -> None:
    words = ["run", "--space", "x", "--epochs", "3", "--evaluations", "400", "--confirm", "0"]
    found = small(words)
    assert found[:5] == words[:5]
    assert found[found.index("--evaluations") + 1] == "6"
    assert found.count("--epochs") == found.count("--confirm") == 1
    assert found[found.index("--population") + 1] == "2"
    assert "--supernet-epochs" not in found
    assert "--supernet-epochs" in small(["run", "--mutation", "eg"])
    assert small(["rules"]) == ["rules"]


def reader(folder: Path) -> Reader:
    def none(seed: int) -> Path:
        raise AssertionError(seed)

    return Reader(folder, none, lends=False, names={})


def follow(page: str, folder: Path) -> None:
    one, blocks = reader(folder), blocks_of(page)
    for block in blocks:
        one.write(block)
    for block in blocks:
        one.follow(block)


@pytest.mark.parametrize(
    ("page", "error", "message"),
    [
        ("    evonas rules show nonsense\n", AssertionError, "unknown rule 'nonsense'"),
        ("    x = 1\n\nwords\n\n    y = z\n", NameError, "name 'z' is not defined"),
        ("    print(1 + 1)  # 3\n", AssertionError, "printed:\n2"),
        (
            '    [project.entry-points."evonas.other"]\n    a = "b:c"\n',
            AssertionError,
            "evonas reads only entry points of",
        ),
        (
            '    [project.entry-points."evonas.rules"]\n    a = "b:c"\n\n'
            "<!-- file: b.py -->\n\n```python\nd = 1\n```\n",
            AssertionError,
            "b.py has no c",
        ),
        (
            "<!-- file: s.yaml -->\n\n```yaml\nname: incomplete\n```\n",
            SpaceError,
            "this key is missing",
        ),
    ],
)
def test_broken_page_raises(
    page: str, error: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        follow(page, tmp_path)


def test_later_blocks_use_results_of_earlier_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = (
        "    x = 1\n\nwords\n\n    print(x + 1)  # 2\n\n"
        "<!-- not run: an error -->\n\n    x = unknown\n\nwords\n\n"
        "    evonas spaces schema > schema.json\n\n"
        "<!-- file: note.txt -->\n\n```text\na note\n```\n\n"
        "    import json\n    from pathlib import Path\n"
        "    json.loads(Path('schema.json').read_text()), Path('note.txt').read_text()\n"
    )
    follow(page, tmp_path)
    assert (tmp_path / "note.txt").read_text() == "a note\n"
