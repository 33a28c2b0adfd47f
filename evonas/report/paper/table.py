"""Format the front of a run as a table for a paper: LaTeX, Markdown or CSV."""

from collections.abc import Callable

from evonas.counted import counted
from evonas.evaluation.objectives import OBJECTIVES
from evonas.markdown import markdown_table
from evonas.report.formulas import without_formulas
from evonas.report.html.gathering import RunData
from evonas.report.html.numbers import with_error
from evonas.report.tables import front_table
from evonas.study.results.candidate import Candidate
from evonas.study.results.confirmed import Confirmed

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}


def latex(run: RunData) -> str:
    """A LaTeX table for the package booktabs, whose caption explains values and errors."""
    header, rows = _cells(run, escape=escape_latex, plus_minus=r" $\pm$ ")
    settings, confirmed = run.state.settings, _confirmed(run)
    is_whole = len(confirmed) == len(run.front)
    exceptions = "" if is_whole else ", except estimates of the search, which are marked"
    caption = (
        f"Front of a search of {escape_latex(settings.problem.space)} on "
        f"{escape_latex(settings.training.dataset)} with {escape_latex(settings.search.algorithm)}"
        f" (seed {settings.search.seed}, {counted(run.state.num_trainings, 'training')}). "
        + (
            "Values are means over fresh trainings that played no part in the search"
            f"{exceptions}, "
            if confirmed
            else "Values are estimates of the search, not confirmed, "
        )
        + r"$\pm$ one standard error."
    )
    lines = [
        r"% needs \usepackage{booktabs}",
        r"\begin{table}",
        r"  \centering",
        rf"  \caption{{{caption}}}",
        rf"  \label{{tab:{_label(run.name)}}}",
        rf"  \begin{{tabular}}{{l{'r' * (len(header) - 1)}}}",
        r"    \toprule",
        f"    {' & '.join(header)} \\\\",
        r"    \midrule",
        *(f"    {' & '.join(row)} \\\\" for row in rows),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def markdown(run: RunData) -> str:
    """A table in GitHub-flavoured Markdown."""
    header, rows = _cells(run, escape=_escape_markdown, plus_minus=" ± ")
    return markdown_table(header, rows, is_numeric=True) + "\n"


def csv(run: RunData) -> str:
    """``pareto.csv`` as it would be written now."""
    state = run.state
    frame = front_table(
        state.candidates,
        run.objectives,
        state.confirmed,
        audited=state.audited,
        twins=run.twins,
    )
    return without_formulas(frame).to_csv(index=False)


def escape_latex(text: str) -> str:
    """Escape all characters that are special in LaTeX."""
    return "".join(_LATEX.get(letter, letter) for letter in text)


def _escape_markdown(text: str) -> str:
    return "".join(f"\\{letter}" if letter in "\\`*_<>[]" else letter for letter in text)


def _cells(
    run: RunData, *, escape: Callable[[str], str], plus_minus: str
) -> tuple[list[str], list[list[str]]]:
    """Header and rows with confirmed values, or with values of the search, which are labelled."""
    names = list(dict.fromkeys([*run.objectives, "params", "bio"]))
    found = [each.means for each in _confirmed(run).values()]
    tests = [f"test_{n}" for n in run.objectives if any(f"test_{n}" in means for means in found)]
    heads = [
        f"{name} (search)"
        if found and name in run.objectives and not any(name in m for m in found)
        else name
        for name in names
    ]
    header = ["network", *heads, *(f"{n.removeprefix('test_')}, test" for n in tests), "n"]
    rows = [
        [
            escape(candidate.key[:8]),
            *(
                _value(run, candidate, name).replace(" ± ", plus_minus)
                for name in (*names, *tests)
            ),
            str(_times(run, candidate)),
        ]
        for candidate in run.front
    ]
    return [escape(name) for name in header], rows


def _value(run: RunData, candidate: Candidate, name: str) -> str:
    confirmed = _confirmed(run)
    mine = confirmed.get(candidate.key)
    if mine is not None and name in mine.means:
        return with_error(mine.means[name], mine.errors.get(name), name=name)
    value, error = candidate.values.get(name), candidate.errors.get(name)
    text = with_error(value, error, name=name)
    if not confirmed or name not in run.objectives or OBJECTIVES[name].cost == "free":
        return text
    if mine is not None:
        return "-"  # all of its confirmations were lost; a search value must not replace them
    return f"{text} (search)"  # it came to the front after the others were confirmed


def _confirmed(run: RunData) -> dict[str, Confirmed]:
    """The confirmed networks of the front, by key."""
    known = run.state.confirmed
    return {each.key: known[each.key] for each in run.front if each.key in known}


def _times(run: RunData, candidate: Candidate) -> int:
    confirmed = run.state.confirmed.get(candidate.key)
    return candidate.replicates if confirmed is None else confirmed.replicates


def _label(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter == "-" else "-" for letter in name)


FORMATS: dict[str, Callable[[RunData], str]] = {"latex": latex, "markdown": markdown, "csv": csv}
"""Functions that format a table, keyed by the name for ``evonas table --format``."""
