"""The installed package holds what is on disk, and the rules are imported only once."""

import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent


@pytest.mark.skipif(not (ROOT / "pyproject.toml").exists(), reason="not in a checkout")
def test_wheel_lists_every_package_on_disk() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    on_disk = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "evonas").glob("**/__init__.py")
    }
    on_disk |= {  # behind the two symbolic links, which a glob does not follow
        ".".join(("evonas", *path.parent.relative_to(ROOT).parts))
        for folder in ("rules", "search_spaces")
        for path in (ROOT / folder).glob("**/__init__.py")
    }
    assert set(listed) == on_disk


@pytest.mark.skipif(not (ROOT / "pyproject.toml").exists(), reason="not in a checkout")
def test_citation_matches_version_and_license_of_project() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (cited["version"], cited["license"]) == (project["version"], project["license"])
    assert cited["cff-version"] == "1.2.0"
    assert cited.keys() >= {"message", "title", "authors", "type"}


def test_yaml_of_every_space_is_packaged() -> None:
    shipped = {entry.name for entry in files("evonas.search_spaces").iterdir()}
    assert {path.name for path in (ROOT / "search_spaces").glob("*.yaml")} <= shipped


def test_importing_rules_as_top_level_package_fails() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import rules"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "as evonas.rules, not as rules" in done.stderr


def test_importing_evonas_imports_no_heavy_package() -> None:
    heavy = "{'torch', 'numpy', 'pandas', 'pymoo'}"
    script = f"import sys, evonas; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
