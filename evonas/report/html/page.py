"""Assemble the HTML page: one file that loads nothing from elsewhere."""

import base64
import gzip
import hashlib
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

from evonas.counted import counted
from evonas.report.html import origin, outcomes, trust
from evonas.report.html.drawings import legend, looks_of_runs
from evonas.report.html.gathering import RunData
from evonas.report.html.markup import paragraph
from evonas.report.html.payload import as_script, payload
from evonas.report.html.summary import summary_of, title_of
from evonas.study.weights import write_whole

PAGE = files("evonas.report.html").joinpath("page")
STYLES = ("page.css", "print.css")
SCRIPTS = (
    "run.js", "style.js", "selection.js", "fronts.js", "courses.js", "trust.js", "chosen.js",
    "table.js", "start.js",
)  # fmt: skip
"""Scripts in the order in which they run; each extends the object ``evonas``."""


def report_html(runs: Sequence[RunData], *, reload_seconds: float | None = None) -> str:
    """The text of the page; the same runs give the same text.

    Args:
        runs: at least one run.
        reload_seconds: seconds after which an open page reloads itself; None for never.
    """
    script = "\n".join(_text(name) for name in SCRIPTS)
    library = _plotly()
    policy = (
        # nothing is fetched, and only these two scripts run, whatever the texts of a run contain
        f"default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; "
        f"script-src '{_sha256(script)}' '{_sha256(library)}'"
    )
    return Template(_text("page.html")).substitute(
        policy=policy,
        title=escape(title_of(runs)),
        style="\n".join(_text(name) for name in STYLES),
        live=_live(runs, reload_seconds),
        summary="\n".join(paragraph(summary_of(run), kind="summary") for run in runs),
        comparison=outcomes.comparison(runs),
        front_tables=outcomes.front_tables(runs),
        confirmations=outcomes.confirmations(runs),
        course=outcomes.course(runs),
        learning=outcomes.learning(runs),
        legend=legend(looks_of_runs(runs)),
        masking=trust.masking(runs),
        attacks=trust.attacks(runs),
        controls=trust.controls(runs),
        failures=trust.failures(runs),
        provenance=origin.provenance(runs),
        citation=origin.citation(),
        data=as_script(payload(runs, reload_seconds=reload_seconds)),
        library=base64.b64encode(gzip.compress(library.encode(), mtime=0)).decode(),
        script=script,
    )


def write_report(
    runs: Sequence[RunData], path: Path, *, reload_seconds: float | None = None
) -> None:
    """Write the page atomically, so that readers see either the old or the new page.

    Args:
        runs: at least one run.
        path: path of the file; its folder is created if it is missing.
        reload_seconds: see :func:`report_html`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    html = report_html(runs, reload_seconds=reload_seconds)
    write_whole(path, html.encode(errors="surrogateescape"))  # the path may be no valid text


def _live(runs: Sequence[RunData], reload_seconds: float | None) -> str:
    if reload_seconds is None:
        return ""
    done = sum(run.state.num_trainings for run in runs)
    total = sum(run.state.settings.search.num_trainings for run in runs)
    return (
        f"<p class=live role=status>Live: {done} of {counted(total, 'training')}. The page "
        f"reloads every {reload_seconds:g} seconds and keeps the selection. "
        "<label><input type=checkbox id=pause> pause</label></p>"
    )


def _text(name: str) -> str:
    return PAGE.joinpath(name).read_text(encoding="utf-8")


def _plotly() -> str:
    """The source of plotly.js, from the package plotly."""
    return files("plotly").joinpath("package_data", "plotly.min.js").read_text(encoding="utf-8")


def _sha256(script: str) -> str:
    """The hash by which a content security policy identifies a script."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"
