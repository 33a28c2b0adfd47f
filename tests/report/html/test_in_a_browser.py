"""The page in headless Chromium: what it draws, how it responds, and its requests.

Skipped where there is no Chromium or no selenium.
"""

import csv
import io
import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import evonas
from evonas.report.controls.twin import twin_differences
from evonas.report.html.gathering import RunData, gather, names_of
from evonas.report.html.page import write_report
from evonas.report.tables import write_tables

webdriver = pytest.importorskip("selenium.webdriver")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no Chromium with its driver"),
]

OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
ARROW_RIGHT, ARROW_DOWN, TAB = "\ue014", "\ue015", "\ue004"
MOST_SECONDS = 60.0


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    place = tmp_path_factory.mktemp("browser")
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for option in (*OPTIONS, f"--user-data-dir={place / 'profile'}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(str(DRIVER))
    browser = webdriver.Chrome(options=options, service=service)
    downloads = {"behavior": "allow", "downloadPath": str(place / "downloads")}
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", downloads)
    browser.downloads = place / "downloads"
    yield browser
    browser.quit()


@pytest.fixture(scope="module")
def page(driver: Any, run: RunData, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The report of the whole run, drawn."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_report([run], path)
    opened(driver, path)
    return driver


def opened(driver: Any, path: Path, *, at: str = "") -> None:
    driver.get("about:blank")
    driver.get_log("browser")
    driver.get_log("performance")
    driver.get(path.as_uri() + at)
    until(lambda: driver.execute_script("return document.body.dataset.ready"))


def until(holds: Callable[[], Any]) -> Any:
    """Wait until the condition holds, as the browser works asynchronously."""
    end = time.monotonic() + MOST_SECONDS
    while not (found := holds()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def picked(driver: Any) -> str:
    return str(driver.execute_script("return evonas.picked.key"))


def test_every_view_is_drawn_without_browser_errors(page: Any) -> None:
    assert page.execute_script("return document.body.dataset.ready") == "yes"
    drawn = page.execute_script(
        "return [...document.querySelectorAll('[data-plot]')].map((e) => [e.dataset.plot, "
        "e.dataset.drawn, e.querySelectorAll('.trace, .heatmaplayer image').length])"
    )
    assert len(drawn) == 9
    for name, is_drawn, traces in drawn:
        assert is_drawn == "yes", name
        assert traces > 0, name
    for drawing in ("chosen-cells", "chosen-network"):
        assert page.execute_script(
            f"return document.querySelector('#{drawing} svg text') !== null"
        )
    assert page.get_log("browser") == []


def test_page_requests_only_its_own_file(driver: Any, page: Any) -> None:
    sent = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    asked = {
        each["params"]["request"]["url"]
        for each in sent
        if each["method"] == "Network.requestWillBeSent"
    }
    here = page.current_url.partition("#")[0]
    assert here in asked
    for url in asked - {here}:
        assert url.startswith("data:"), url


def test_arrow_keys_cycle_the_selection_through_the_front(page: Any, run: RunData) -> None:
    keys = [candidate.key for candidate in run.front]
    page.execute_script("evonas.pick(0, arguments[0])", keys[0])
    body = page.find_element("tag name", "body")
    for key in [*keys[1:], keys[0]]:
        body.send_keys(ARROW_RIGHT)
        assert picked(page) == key


def test_keyboard_in_front_table_moves_selection_and_focus(page: Any, run: RunData) -> None:
    page.execute_script("document.querySelector('#front tr[data-key]').focus()")
    page.execute_script("evonas.pick(0, arguments[0])", run.front[0].key)
    rows = page.find_elements("css selector", "#front tr[data-key]")
    assert [row.get_attribute("tabindex") for row in rows].count("0") == 1
    page.switch_to.active_element.send_keys(ARROW_DOWN)
    following = run.front[min(1, len(run.front) - 1)].key
    assert picked(page) == following
    assert page.switch_to.active_element.get_attribute("data-key") == following
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    assert page.execute_script(outline) != "none"


def test_click_on_point_selects_network_in_all_views(page: Any, run: RunData) -> None:
    other = next(c for c in run.state.candidates if c.contends and not c.on_front)
    page.execute_script("evonas.pick(0, arguments[0])", run.front[0].key)
    point = page.execute_script(
        """
        const plot = document.querySelector('[data-plot="fronts"]');
        const trace = plot.data.findIndex(
          (t) => (t.customdata || []).some((c) => c[1] === arguments[0]));
        const at = plot.data[trace].customdata.findIndex((c) => c[1] === arguments[0]);
        plot.scrollIntoView({ block: "center", behavior: "instant" });
        const box = plot.getBoundingClientRect();
        const { xaxis, yaxis } = plot._fullLayout;
        return [box.left + xaxis._offset + xaxis.d2p(plot.data[trace].x[at]),
          box.top + yaxis._offset + yaxis.d2p(plot.data[trace].y[at])];
        """,
        other.key,
    )
    for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
        page.execute_cdp_cmd(
            "Input.dispatchMouseEvent",
            {"type": kind, "x": point[0], "y": point[1], "button": "left", "clickCount": 1},
        )
        time.sleep(0.1)
    until(lambda: picked(page) != run.front[0].key)
    chosen = run.state.find(picked(page))
    assert [chosen.values[n] for n in run.objectives] == [other.values[n] for n in run.objectives]
    shown = page.find_element("id", "selected-text").text
    assert chosen.key[:8] in shown
    assert chosen.genome in page.find_element("id", "chosen-text").text
    ring = page.execute_script(
        "const p = document.querySelector('[data-plot=\"fronts\"]');"
        "return [p.data.at(-1).x[0], p.data.at(-1).y[0]];"
    )
    assert ring == [chosen.values[n] for n in run.objectives]
    line = page.execute_script(
        "return document.querySelector('[data-plot=\"parallel\"]').data.at(-1).y.length"
    )
    assert line == 3  # acc, params, bio
    curves = page.execute_script(
        "return document.querySelector('[data-plot=\"losses\"]').data.map((t) => t.name)"
    )
    assert any(chosen.key[:8] in name for name in curves)


def test_selection_survives_a_page_reload(page: Any, run: RunData) -> None:
    key = run.state.candidates[-1].key
    page.execute_script("evonas.pick(0, arguments[0])", key)
    page.refresh()
    until(lambda: page.execute_script("return document.body.dataset.ready"))
    assert picked(page) == key


def test_csv_button_downloads_the_candidates_table(
    page: Any, run: RunData, tmp_path: Path
) -> None:
    page.execute_script("document.getElementById('csv-all').click()")
    saved = page.downloads / "whole-candidates.csv"
    until(lambda: saved.exists() and saved.stat().st_size)
    state = run.state
    twins = twin_differences(run.controls)
    write_tables(tmp_path, state.candidates, run.objectives, state.confirmed, state.audited, twins)
    assert saved.read_bytes() == (tmp_path / "candidates.csv").read_bytes()


def test_table_can_be_searched_sorted_and_paged(page: Any, run: RunData) -> None:
    def shown() -> list[str]:
        rows = page.find_elements("css selector", "#table-place tbody tr")
        return [row.get_attribute("data-key") for row in rows]

    everyone = [candidate.key for candidate in run.state.candidates]
    assert shown() == everyone
    page.execute_script("evonas.PAGE = 4; evonas.showTable()")
    assert shown() == everyone[:4]
    page.execute_script("document.getElementById('page-on').click()")
    assert shown() == everyone[4:8]
    page.execute_script("evonas.PAGE = 25; evonas.list.page = 0; evonas.showTable()")
    page.execute_script(
        "[...document.querySelectorAll('#table-place th button')]"
        ".find((b) => b.textContent === 'params').click()"
    )
    ordered = sorted(run.state.candidates, key=lambda c: c.values.get("params", float("inf")))
    assert shown() == [candidate.key for candidate in ordered]
    page.execute_script("document.getElementById('table-front').click()")
    assert set(shown()) == {candidate.key for candidate in run.front}
    page.execute_script("document.getElementById('table-front').click()")
    page.find_element("id", "table-find").send_keys(everyone[0])
    assert shown() == [everyone[0]]


def test_plots_resize_for_printing_and_back(page: Any) -> None:
    width = "return document.querySelector('[data-plot=\"course\"] .main-svg').clientWidth"
    before = page.execute_script(width)
    page.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert page.execute_script(width) == page.execute_script("return evonas.PAPER")
    page.execute_script("dispatchEvent(new Event('afterprint'))")
    assert page.execute_script(width) == before


def test_two_run_report_escapes_malicious_names(
    driver: Any, run: RunData, plain_folder: Path, tmp_path: Path
) -> None:
    runs = [gather(plain_folder, name=names_of([plain_folder])[0]), run]
    path = tmp_path / "two.html"
    write_report(runs, path)
    opened(driver, path)
    assert driver.execute_script("return document.body.dataset.ready") == "yes"
    assert driver.get_log("browser") == []
    assert driver.execute_script("return document.images.length") == 0
    assert runs[0].name in driver.find_element("tag name", "h1").text
    table = driver.execute_script("return evonas.csv(evonas.runs[0], [0])")
    assert next(csv.DictReader(io.StringIO(table)))["key"] == runs[0].state.candidates[0].key
    names = driver.execute_script(
        "return document.querySelector('[data-plot=\"fronts\"]').data.map((t) => t.marker && "
        "t.marker.symbol)"
    )
    assert {"diamond", "square"} <= set(names)  # distinguishable without colours


def test_live_page_reloads_and_keeps_the_selection(
    driver: Any, run: RunData, tmp_path: Path
) -> None:
    path = tmp_path / "live.html"
    write_report([run], path, reload_seconds=4.0)
    key = run.state.candidates[-1].key
    opened(driver, path, at=f"#0:{key}")
    assert picked(driver) == key
    write_report([run], path)  # the run has ended
    ended = "return typeof evonas === 'object' && evonas.data.reload === null"
    until(lambda: driver.execute_script(ended))
    until(lambda: driver.execute_script("return document.body.dataset.ready"))
    assert picked(driver) == key
    assert driver.get_log("browser") == []


def test_run_without_results_has_a_report(driver: Any, tmp_path: Path) -> None:
    study = evonas.new_study("tiny", objectives=["acc", "params"], out=tmp_path / "new")
    path = evonas.report(study)
    opened(driver, path)
    assert driver.execute_script("return document.body.dataset.ready") == "yes"
    assert driver.get_log("browser") == []
    said = driver.find_element("tag name", "main").text
    assert "No network has been trained and measured yet." in said
    assert driver.find_elements("css selector", "#table-place tbody tr") == []
