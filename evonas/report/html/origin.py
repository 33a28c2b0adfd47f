"""Sections on the provenance of the numbers, and on how to cite them."""

import shlex
from collections.abc import Sequence
from html import escape

from evonas.report.html.gathering import RunData
from evonas.report.html.markup import Row, heading, paragraph, table
from evonas.study.prior.prior_file import prior_names
from evonas.version import evonas_version

BIONAS = """@misc{hamzaoui2025bionas,
  title         = {Neural Architecture Search with Mixed Bio-inspired Learning Rules},
  author        = {Hamzaoui, Imane and Baghdadi, Riyadh},
  year          = {2025},
  eprint        = {2507.13485},
  archivePrefix = {arXiv}
}"""


def provenance(runs: Sequence[RunData]) -> str:
    """Settings, versions and fingerprints of each run, and the commands that repeat them."""
    values = [run.state.settings.values() for run in runs]
    rows = [
        Row([name, *(_text(each[name]) for each in values)])
        for name in values[0]
        if name not in ("download",)
    ]
    names = list(dict.fromkeys(name for run in runs for name in run.versions or {}))
    versions = [
        Row([name, *((run.versions or {}).get(name, "not recorded") for run in runs)])
        for name in names
    ]
    prints = [
        Row(["folder", *(str(run.state.folder) for run in runs)]),
        Row(["configuration and space, SHA-256", *(run.digest for run in runs)]),
        Row(["last entry of the journal, SHA-256", *(run.head for run in runs)]),
        Row(["training images, SHA-256", *(_hash(run, "train_sha256") for run in runs)]),
        Row(["test images, SHA-256", *(_hash(run, "test_sha256") for run in runs)]),
    ]
    head = ["", *(run.name for run in runs)]
    all_texts = len(runs) + 1
    again = "\n".join(map(_command, runs))
    return "\n".join(
        [
            heading("Fingerprints"),
            table(head, prints, label="fingerprints", left=all_texts),
            heading("Package versions at the start of the runs"),
            table(head, versions, label="versions", left=all_texts)
            if versions
            else paragraph("Not recorded: the runs were made with an earlier version of evonas."),
            f"<details><summary>All settings ({len(rows)})</summary>",
            table(head, rows, label="settings", left=all_texts),
            "</details>",
            heading("To repeat the search"),
            f"<pre>{escape(again)}</pre>",
        ]
    )


def citation() -> str:
    """BibTeX entries of evonas and of the study that it continues."""
    version = evonas_version()
    ours = (
        "@software{evonas,\n"
        "  title   = {evonas: evolutionary search for networks that learn by biologically "
        "plausible rules},\n"
        "  author  = {{The evonas authors}},\n"
        f"  version = {{{version}}},\n"
        "  year    = {2026}\n"
        "}"
    )
    return (
        f"<pre id=bibtex>{escape(ours)}\n\n{escape(BIONAS)}</pre>"
        "<p><button type=button data-copy=bibtex>Copy</button> "
        "Cite the learning rules by their own papers: <code>evonas rules show NAME</code>.</p>"
    )


def _command(run: RunData) -> str:
    """The command that starts the same search; earlier runs are given by their names only."""
    folder = run.state.folder
    words = ["evonas", "run", "--config", str(folder / "config.yaml")]
    earlier = prior_names(folder, sha256=run.state.settings.search.prior_sha256)
    return shlex.join([*words, "--prior", *earlier] if earlier else words)


def _text(value: object) -> str:
    if isinstance(value, tuple | list):
        return " ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def _hash(run: RunData, name: str) -> str:
    return _text(run.state.settings.values().get(name)).replace("none", "not recorded")
