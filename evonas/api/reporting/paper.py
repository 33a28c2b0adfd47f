"""Figures and tables of one run for a paper."""

from pathlib import Path

from evonas.api.reporting.page import folders_of
from evonas.api.study import Study
from evonas.errors import ConfigError
from evonas.registry import suggestion
from evonas.report.html.gathering import gather, names_of

FIGURES = ("front", "hypervolume", "rules", "cells", "controls")
IMAGES = ("pdf", "png", "svg")
TABLES = ("latex", "markdown", "csv")
DOTS_PER_INCH = 300


def plot(
    run: Study | str | Path,
    *,
    figure: str = "front",
    format: str | None = None,  # noqa: A002 - the name of the option
    key: str | None = None,
    columns: int = 1,
    out: Path | str | None = None,
) -> Path:
    """Draw one figure for a paper: 7 to 8 point text, one or two columns wide.

    Args:
        run: a study, or the folder of a run.
        figure: ``front``, ``hypervolume``, ``rules``, ``cells`` or ``controls``.
        format: ``pdf``, ``png`` or ``svg``; None for the ending of ``out``, else ``pdf``.
        key: for cells and controls, key of the network or a prefix of it; None for the first
            network of the front, or the first that has controls.
        columns: columns of the paper: 1 (3.3 inches) or 2 (6.9 inches).
        out: the file; None for ``FIGURE.FORMAT`` in the run's folder.

    Returns:
        The file.

    Raises:
        ConfigError: an option has another value, or the run has no data for the figure; the
            message names the command that produces them.
        UnknownNameError: no candidate has this key.
        RunFolderError: there is no run in the folder.

    Examples:
        >>> evonas.plot(study, figure="hypervolume", format="svg", out="course.svg").name
        'course.svg'
    """
    ending = None if out is None else Path(out).suffix.removeprefix(".").lower()
    kind = format or ending or "pdf"
    _check("figure", figure, FIGURES)
    _check("format", kind, IMAGES)
    if columns not in (1, 2):
        raise ConfigError(f"columns: expected 1 or 2, got {columns}")
    (folder,) = folders_of(run)
    if out is not None and Path(out).is_dir():
        raise ConfigError(f"out: expected a file, {out} is a folder")
    from evonas.report.paper.figures import FIGURES as MAKERS
    from evonas.report.paper.style import paper_style
    from evonas.report.saving import save_figure

    data = gather(folder, name=names_of([folder])[0])
    path = folder / f"{figure}.{kind}" if out is None else Path(out)
    path.parent.mkdir(parents=True, exist_ok=True)
    with paper_style():
        drawn = MAKERS[figure](data, key=key, columns=columns)
        # no date, so that the same run gives the same file
        dated = {"pdf": "CreationDate", "svg": "Date"}
        metadata = {dated[kind]: None} if kind in dated else None
        save_figure(drawn, path, format=kind, dpi=DOTS_PER_INCH, metadata=metadata)
    return path


def table(
    run: Study | str | Path,
    *,
    format: str = "latex",  # noqa: A002 - the name of the option
) -> str:
    """The front of a run as a table for a paper.

    Values are confirmed means with one standard error; if nothing was confirmed, those of the
    search, which the caption states.

    Args:
        run: a study, or the folder of a run.
        format: ``latex`` (for the package booktabs), ``markdown`` or ``csv`` (as ``pareto.csv``).

    Returns:
        The text.

    Raises:
        ConfigError: there is no such format, or no network is on the front.
        RunFolderError: there is no run in the folder.

    Examples:
        >>> print(evonas.table(study, format="markdown").splitlines()[0])
        | network | acc | params | bio | n |
    """
    _check("format", format, TABLES)
    (folder,) = folders_of(run)
    from evonas.report.paper.table import FORMATS

    data = gather(folder, name=names_of([folder])[0])
    if not data.front:
        raise ConfigError(f"{folder}: no network is on the front yet")
    return FORMATS[format](data)


def _check(name: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        raise ConfigError(
            f"{name}: expected one of {', '.join(known)}, got '{given}'{suggestion(given, known)}"
        )
