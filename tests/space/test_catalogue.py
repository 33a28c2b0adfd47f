"""Spaces by name and by path, the shipped files, and the page that explains them."""

import random
from dataclasses import fields
from importlib.resources import files
from pathlib import Path

import pytest

from evonas.errors import SpaceError, UnknownNameError
from evonas.space import SpaceSpec, load, shipped, source_text
from evonas.space.operation import PARAMETERS


def test_every_file_in_the_folder_is_a_shipped_space() -> None:
    folder = Path(__file__).parents[2] / "search_spaces"
    assert sorted(shipped()) == sorted(path.stem for path in folder.glob("*.yaml"))


@pytest.mark.parametrize("name", shipped())
def test_shipped_space_has_name_of_its_file_and_description(name: str) -> None:
    space = load(name)
    assert space.name == name
    assert space.description.endswith(".")


@pytest.mark.parametrize("name", shipped())
def test_default_rules_exclude_back_propagation(name: str) -> None:
    assert load(name).rule_choices == ("fa", "usf", "frsf", "brsf", "kp", "dfa")


@pytest.mark.parametrize("name", shipped())
def test_copied_space_file_loads_as_the_same_space(name: str, tmp_path: Path) -> None:
    text = files("evonas.search_spaces").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    path = tmp_path / "copy.yaml"
    path.write_text(text, encoding="utf-8")
    assert load(path) == load(str(path)) == load(name)
    assert source_text(path) == source_text(name) == text


def test_unknown_space_reports_known_names_and_yaml_option() -> None:
    message = (
        r"^unknown search space 'nas-bench-21'; did you mean 'nas-bench-201'\? \(known: .*\.yaml"
    )
    with pytest.raises(UnknownNameError, match=message):
        load("nas-bench-21")


def test_missing_or_invalid_space_file_is_reported_by_name(tmp_path: Path) -> None:
    with pytest.raises(SpaceError, match=r"absent\.yaml: cannot be read: No such file"):
        load(tmp_path / "absent.yaml")
    path = tmp_path / "bad.yml"
    path.write_text("name: a\nsize: {channels: 4\n", encoding="utf-8")
    with pytest.raises(SpaceError, match=r"bad\.yml:3: not valid YAML"):
        load(path)
    path.write_text(source_text("tiny").replace("name: tiny", "name: 5"), encoding="utf-8")
    message = r"bad\.yml: 1 problem\n  \$\.name: expected a text, got 5; .* quote it$"
    with pytest.raises(SpaceError, match=message):
        load(path)


# -- the documentation ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page() -> str:
    path = Path(__file__).resolve().parents[2] / "docs" / "search-spaces.md"
    return path.read_text(encoding="utf-8")


def test_example_in_docs_matches_shipped_space(page: str) -> None:
    example = page.partition("```yaml\n")[2].partition("```")[0]
    shipped_text = files("evonas.search_spaces").joinpath("tiny.yaml").read_text(encoding="utf-8")
    assert example == shipped_text
    space = load("tiny")
    genome = space.canonical(space.sample(random.Random(1)))
    assert f"# {space.size}\n" in page
    assert f"# {space.format(genome)}\n" in page


def test_docs_page_explains_every_key_and_kind(page: str) -> None:
    for kind, parameters in PARAMETERS.items():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{kind}` |"))
        assert all(f"`{key}" in row for key in parameters)
    for name in (key.name for key in fields(SpaceSpec)):
        assert f"| `{name}` |" in page or f"| `{name}." in page
    for key in ("cell", "channels", "repeat", "inputs", "nodes", "graph", "join", "operations"):
        assert f"\n| `{key}` |" in page
