"""What the site makes of links to files elsewhere in the repository, and of names in docstrings.

MkDocs calls these functions by their names, with arguments by name. The page of results is part of
the site, though it lies beside the benchmarks that write it. A link to any other file becomes the
name of the file.
"""

# ruff: noqa: ARG001 (arguments that MkDocs passes)

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

RESULTS = "results.md"
ROLE = re.compile(r":(?:attr|class|func|meth|mod):<code>")
ELSEWHERE = re.compile(r"\[([^\]]*)\]\(\.\./([^)#]*)(#[^)]*)?\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the results to the pages."""
    source = Path(config["config_file_path"]).parent / "benchmarks/RESULTS.md"
    text = source.read_text(encoding="utf-8").replace("](../docs/", "](")
    files.append(File.generated(config, RESULTS, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Links to the results lead there; what is on no page is named."""
    return ELSEWHERE.sub(_link, markdown)


def on_page_content(html: str, page: Any, config: Any, files: Files) -> str:
    """Names in docstrings without the role that Sphinx would read."""
    return ROLE.sub("<code>", html)


def _link(found: re.Match[str]) -> str:
    text, path, anchor = found.group(1), found.group(2), found.group(3) or ""
    if path == "benchmarks/RESULTS.md":
        return f"[{text}]({RESULTS}{anchor})"
    return text if path in text or text.strip("`") == Path(path).name else f"{text} (`{path}`)"
