"""Commands, options, names and files in running text, and in what evonas prints, exist."""

import json
from pathlib import Path

import pytest

from tests.pages.inline import inline_codes, problems_of_inline, problems_of_page
from tests.pages.literals import problems_of_text, texts_of
from tests.pages.named import ROOT, problems_of_modules
from tests.pages.typed import commands

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "tests/README.md")),
    # the page of commands is generated from them, and shows patterns
    *(path for path in sorted((ROOT / "docs").rglob("*.md")) if path.name != "commands.md"),
]
MODULES = [
    *(path for top in ("evonas", "rules") for path in sorted((ROOT / top).rglob("*.py"))),
    ROOT / "docs/commands_page.py",
]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def latest(changelog: str) -> str:
    """Unreleased changes and the last release; older entries name what existed then."""
    return "\n## ".join(changelog.split("\n## ")[:3])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_names_on_page_exist(page: Path) -> None:
    assert problems_of_page(read(page), page.parent) == []


def test_names_in_latest_changelog_entries_exist() -> None:
    assert problems_of_page(latest(read(ROOT / "CHANGELOG.md")), ROOT) == []


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.ipynb")), ids=lambda p: p.name)
def test_names_in_notebook_exist(path: Path) -> None:
    cells = [each for each in json.loads(read(path))["cells"] if each["cell_type"] == "markdown"]
    text = "\n\n".join("".join(cell["source"]) for cell in cells)
    assert problems_of_page(text, path.parent) == []


def test_benchmarks_named_in_results_exist() -> None:
    # its options are those of the version that was measured
    text = " ".join(read(ROOT / "benchmarks/RESULTS.md").split())
    assert list(problems_of_modules(text, with_options=False)) == []


def test_commands_in_messages_and_help_texts_exist() -> None:
    wrong = [
        f"{module.relative_to(ROOT)}, line {line}: {problem}"
        for module in MODULES
        for line, text, is_docstring in texts_of(read(module))
        for problem in problems_of_text(text, is_prose=is_docstring)
    ]
    for command in commands().values():
        wrong += [f"{command.name}: {problem}" for problem in problems_of_text(command.help)]
    assert wrong == []


def test_commands_and_options_named_in_benchmarks_exist() -> None:
    wrong = [
        f"{module.name}, line {line}: {problem}"
        for module in sorted((ROOT / "benchmarks").rglob("*.py"))
        for line, text, _ in texts_of(read(module))
        for each in text.splitlines()
        for problem in problems_of_modules(each)
    ]
    assert wrong == []


RIGHT = [
    "evonas resume RUN --evaluations N | --generations N | --population N",
    "evonas run --config FILE.yaml --print-config",
    "evonas run ... --anything",
    "evonas front RUN | head -1",
    "evonas spaces schema > schema.json",
    "evonas log RUN [KEY]",
    "evonas COMMAND --help",
    "evonas --install-completion",
    "evonas run --device auto|cpu|cuda:N --image-fit crop|letterbox",
    "evonas run --rules fa,kp,... --objectives acc,module:function",
    'evonas train --network resnet20 --rule "local(beta=0.99)"',
    "evonas run --warm-start RUN RUN",
    "--prior RUN...",
    "--fidelity 1,3,9 --eta 3",
    "--figure front",
    "evonas",
    "evonas.search(space, ...)",
    "evonas.search(objectives=, epochs=3)",
    "evonas.analyse(runs, what=, keys=, ...)",
    "import evonas.search.base as base",
    "evonas.datasets",
    "torch.ops.evonas.nothing",
    "python -m benchmarks.NAME",
    "python -m benchmarks.rule_overhead --rounds 15",
    "python -m tests.kernels.cross_compile --sweep",
    "python -m pip --nothing",
    "docs/runs.md",
    "search/base.py",
    "runs/KEY/x.csv",
    "train/",
]


@pytest.mark.parametrize("code", RIGHT)
def test_existing_names_and_placeholders_are_no_problem(code: str) -> None:
    assert problems_of_inline(code, ROOT / "docs") == []


WRONG = {
    "evonas searches RUN": "no command 'searches'",
    "evonas resume RUN --data DIR": "evonas resume has no option --data",
    "resume RUN --data": "evonas resume has no option --data",
    "evonas resume RUN --evaluations N | --budget N": "evonas resume has no option --budget",
    "evonas run --mutation=more": "--mutation takes plain, eg, not more",
    "evonas run --image-fit crop|stretch": "--image-fit takes crop, letterbox, not stretch",
    "evonas run --epochs many": "--epochs takes a number, not many",
    "evonas run --rules fa,nothing": "--rules: evonas rules does not list nothing",
    "evonas show RUN KEY 3": "evonas show takes 2 arguments, not 3",
    "evonas rules shows fa": "evonas rules takes 0 arguments, not 2",
    "--nothing": "no command has --nothing",
    "--follow --gate=off": "no command has --follow and --gate",
    "--images n": "--images takes a number, not n",
    "evonas.attacked": "there is no evonas.attacked",
    "evonas.search.nothing.Name": "there is no evonas.search.nothing.Name",
    "evonas._nothing": "there is no evonas._nothing",
    "evonas.rules.convert.__name__": "evonas.rules.convert.__name__ is not public",
    "evonas.import_module": "evonas.import_module is not public",
    "evonas.attack(network, radius=)": "evonas.attack has no argument radius",
    "evonas.search(budget=3)": "evonas.search has no argument budget",
    "python -m benchmarks.nothing": "there is no module benchmarks.nothing",
    "python -m docs.make --nothing": "docs.make has no option --nothing",
    "python -m benchmarks.attack_budget a b": "benchmarks.attack_budget takes 1 arguments, not 2",
    "python -m benchmarks.signals --count 3": "benchmarks.signals takes 1 arguments, not 0",
    "python -m benchmarks.rules_on_digits --shallow": (
        "benchmarks.rules_on_digits takes at least 1 arguments, not 0"
    ),
    "python -m benchmarks.gradient_variance imagenet": (
        "benchmarks.gradient_variance: dataset takes digits, cifar10, not imagenet"
    ),
    "python -m benchmarks.supernet_guidance credits --algorithm evonas": (
        "benchmarks.supernet_guidance: measurement takes ranking, credit, similarity, not credits"
    ),
    "docs/nothing.md": "there is no docs/nothing.md",
    "evonas/nothing/": "there is no evonas/nothing/",
    "search/nothing.py": "there is no search/nothing.py",
}


@pytest.mark.parametrize("code", WRONG)
def test_nonexistent_name_is_reported(code: str) -> None:
    assert problems_of_inline(code, ROOT / "docs") == [WRONG[code]]


def test_code_is_found_in_text_tables_and_blocks() -> None:
    page = """\
Words, `evonas a` and
`evonas b`.

| a | b |
|---|---|
| `--c` | `` d` `` |

<!-- not run: slow -->

    evonas e
    python -m benchmarks.f
"""
    assert list(inline_codes(page)) == [(1, "evonas a"), (1, "evonas b"), (6, "--c"), (6, "d`")]
    assert problems_of_page(page, ROOT) == [
        "line 1: `evonas a`: no command 'a'",
        "line 1: `evonas b`: no command 'b'",
        "line 6: `--c`: no command has --c",
        "line 10: evonas e: no command 'e'",
        "line 10: python -m benchmarks.f: there is no module benchmarks.f",
    ]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("damaged; repair it: evonas repair <FIELD>", []),
        ("see evonas front, or: evonas fronts RUN.", ["no command 'fronts'"]),
        ("to see it: evonas show <FIELD> --gate.", ["evonas show has no option --gate"]),
        ("See: evonas spaces check. It trains.", []),
        ("With --gate and --gates: both", ["no command has --gates"]),
        ("evonas itself; a FILE evonas cannot read", []),
        ("evonas repairs", ["no command 'repairs'"]),
        ("`python -m benchmarks.nothing<FIELD>`", ["there is no module benchmarks.nothing"]),
    ],
)  # fmt: skip
def test_command_in_message_is_parsed_to_its_end(text: str, problems: list[str]) -> None:
    assert problems_of_text(text) == problems


def test_docstring_commands_are_recognised_only_in_backticks() -> None:
    assert problems_of_text("What evonas draws, ``evonas front``.", is_prose=True) == []
    assert problems_of_text("See ``evonas fronts``.", is_prose=True) == ["no command 'fronts'"]


def test_texts_of_source_mark_formatted_values_as_fields() -> None:
    source = '''"""One."""
A = f"two {A} three" "four"
"""Five."""
B = ("six"
    "seven")
'''
    assert sorted(texts_of(source)) == [
        (1, "One.", True), (2, "two <FIELD> threefour", False), (3, "Five.", True),
        (4, "sixseven", False),
    ]  # fmt: skip
