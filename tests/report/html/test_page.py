"""The page as text: the oracles are an HTML parser, tables of the run, recomputed hashes."""

import base64
import csv
import gzip
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from evonas.report.controls.twin import twin_differences
from evonas.report.html.gathering import RunData, gather, names_of
from evonas.report.html.page import report_html, write_report
from evonas.report.html.payload import as_script
from evonas.report.tables import write_tables
from tests.report.html.conftest import MISCHIEF


class Parsed(HTMLParser):
    """Every element with its attributes, and the texts of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self.is_in_script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.is_in_script = tag == "script"
        if self.is_in_script:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.is_in_script = self.is_in_script and tag != "script"

    def handle_data(self, data: str) -> None:
        if self.is_in_script:
            self.scripts[-1] += data
        else:
            self.text += data


@pytest.fixture(scope="module")
def text(run: RunData) -> str:
    return report_html([run])


@pytest.fixture(scope="module")
def page(text: str) -> Parsed:
    return Parsed(text)


def test_page_is_reproducible_and_below_8_mb(run: RunData, text: str) -> None:
    assert report_html([run]) == text
    assert len(text.encode()) < 8_000_000


def test_page_references_no_external_resources(page: Parsed) -> None:
    for tag, attributes in page.elements:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base", "form")
        assert "src" not in attributes
        assert (attributes.get("href") or "#").startswith("#")


def test_content_security_policy_allows_only_the_two_scripts(page: Parsed) -> None:
    (policy,) = [
        a["content"] or ""
        for tag, a in page.elements
        if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(part.split(maxsplit=1) for part in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert "connect-src" not in rules
    _, library, script = page.scripts
    plotly = gzip.decompress(base64.b64decode(library)).decode()
    hashes = {
        f"'sha256-{base64.b64encode(hashlib.sha256(each.encode()).digest()).decode()}'"
        for each in (script, plotly)
    }
    assert set(rules["script-src"].split()) == hashes


def test_table_in_page_matches_candidates_csv(run: RunData, page: Parsed, tmp_path: Path) -> None:
    (data,) = [json.loads(page.scripts[0])]
    state = run.state
    twins = twin_differences(run.controls)
    write_tables(tmp_path, state.candidates, run.objectives, state.confirmed, state.audited, twins)
    with (tmp_path / "candidates.csv").open(newline="") as file:
        header, *rows = list(csv.reader(file))
    assert data["runs"][0]["columns"] == header
    assert data["runs"][0]["rows"] == rows


def test_page_has_a_place_for_every_view(page: Parsed) -> None:
    plots = [a["data-plot"] for _, a in page.elements if "data-plot" in a]
    assert plots == [
        "fronts", "confirmed", "course", "parallel", "depths", "losses", "finals", "attacks",
        "controls",
    ]  # fmt: skip
    ids = [a["id"] for tag, a in page.elements if tag == "section"]
    links = [a["href"] for tag, a in page.elements if tag == "a" and a.get("class") != "skip"]
    assert links == [f"#{each}" for each in ids]
    assert page.text.count("To fix this:") == 0


def test_view_without_data_names_the_command_to_run(plain_folder: Path) -> None:
    plain = gather(plain_folder, name="plain")
    text = Parsed(report_html([plain])).text
    key = plain.front[0].key[:8]
    for command in (
        f"evonas confirm {plain_folder}",
        f"evonas train {plain_folder} {key}",
        f"evonas attack {plain_folder} {key}",
        f"evonas ablate {plain_folder} {key}",
    ):
        assert command in text


def test_malicious_names_and_genomes_are_escaped(run: RunData, plain_folder: Path) -> None:
    evil = "</script><script>alert(1)</script>"
    named = gather(plain_folder, name=names_of([plain_folder])[0])
    assert named.name == MISCHIEF
    first = named.state.candidates[0]
    broken = replace(
        first, trainings=(replace(first.trainings[0], genome=evil, failure=f"diverged: {evil}"),)
    )
    evaluations = [
        replace(e, failure=f"diverged: {evil}") if e.key == first.key else e
        for e in named.state.evaluations
    ]
    rest = [c for c in named.state.candidates if c is not first]
    state = replace(named.state, candidates=[*rest, broken], evaluations=evaluations)
    # an invalid genome cannot be drawn or counted, so it is not on the front
    page = Parsed(_without_depths(replace(named, state=state, name=evil), run))
    assert len(page.scripts) == 3
    for tag, attributes in page.elements:
        assert tag != "img"
        assert not [name for name in attributes if name.startswith("on")]
    data = json.loads(page.scripts[0])
    assert data["runs"][0]["name"] == evil
    assert evil in page.text


def _without_depths(named: RunData, run: RunData) -> str:
    """Skip the shares by depth, as the malicious genome is invalid in the space."""
    import evonas.report.html.payload as payload

    patch = pytest.MonkeyPatch()
    patch.setattr(payload, "depths_of", lambda _: None)
    try:
        return report_html([named, run])
    finally:
        patch.undo()


@pytest.mark.parametrize("text", ["</script>", "<!--", "<script>", "&lt;", "\u2028", "日"])
def test_json_in_script_round_trips_and_cannot_end_it(text: str) -> None:
    script = as_script({"a": text})
    assert json.loads(script) == {"a": text}
    assert not re.search(r"[<>&\u2028]", script)


def test_runs_with_equal_names_are_labelled_with_their_parent_folders(tmp_path: Path) -> None:
    folders = [tmp_path / "a" / "run", tmp_path / "b" / "run", tmp_path / "other"]
    assert names_of(folders) == ["a/run", "b/run", "other"]


def test_only_live_page_reloads_itself(run: RunData, tmp_path: Path) -> None:
    def reload_of(seconds: float | None) -> Any:
        write_report([run], tmp_path / "deep" / "page.html", reload_seconds=seconds)
        page = Parsed((tmp_path / "deep" / "page.html").read_text(encoding="utf-8"))
        has_pause = any(a.get("id") == "pause" for _, a in page.elements)
        return json.loads(page.scripts[0])["reload"], has_pause

    assert reload_of(5.0) == (5.0, True)
    assert reload_of(None) == (None, False)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["page.html"]


def test_summary_counts_match_the_journal(run: RunData, page: Parsed) -> None:
    state = run.state
    assert f"made {len(state.evaluations)} trainings" in page.text
    assert f"of {len(state.candidates)} different networks" in page.text
    times = sum(state.confirmed[c.key].replicates for c in run.front if c.key in state.confirmed)
    assert f"{times} fresh trainings" in page.text
    best = max(c.values["acc"] for c in run.front)
    assert f"acc {best:.3f}" in page.text


def test_page_of_two_runs_has_a_comparison(run: RunData, plain_folder: Path) -> None:
    plain = gather(plain_folder, name="plain")
    page = Parsed(report_html([run, plain]))
    assert [each["name"] for each in json.loads(page.scripts[0])["runs"]] == ["whole", "plain"]
    assert "The runs differ in: " in page.text
    assert page.text.count("Comparison of the runs") == 1
