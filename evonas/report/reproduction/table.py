"""Compare a published table with the user's own trainings, as rows and as Markdown."""

from collections.abc import Sequence

from evonas.markdown import markdown_table
from evonas.report.reproduction.own import OwnTraining
from evonas.report.reproduction.published import STATUS_TEXT, Paper, PublishedTable

COLUMNS = ("dataset", "network", "error_percent", "budget", "params", "bio", "source")
NOTHING = "nothing was run"


def reproduction_rows(
    paper: Paper, table: PublishedTable, trainings: Sequence[OwnTraining]
) -> list[dict[str, str]]:
    """The published results, with own trainings after those of each data set, or a placeholder."""
    rows: list[dict[str, str]] = []
    for dataset in dict.fromkeys(figure.dataset for figure in table.figures):
        for figure in table.figures:
            if figure.dataset == dataset:
                source = f"{paper.source}, {figure.where}; {STATUS_TEXT[figure.status]}"
                cells = dataset, figure.entry, f"{figure.error:.2f}", "", "", "", source
                rows.append(dict(zip(COLUMNS, cells, strict=True)))
        ours = [each for each in trainings if each.dataset == dataset]
        rows += [_own_row(each) for each in ours]
        if not ours:
            cells = dataset, "ours", "", NOTHING, "", "", ""
            rows.append(dict(zip(COLUMNS, cells, strict=True)))
    return rows


def _own_row(each: OwnTraining) -> dict[str, str]:
    spread = "" if each.spread is None else f" ± {each.spread:.2f}"
    cells = (
        each.dataset, f"ours: {each.network}", f"{each.error:.2f}{spread}", each.budget,
        f"{each.parameters / 1e6:.2f} M", f"{each.bio:.2f}", str(each.folder),
    )  # fmt: skip
    return dict(zip(COLUMNS, cells, strict=True))


def as_markdown(rows: Sequence[dict[str, str]]) -> str:
    """The rows as a Markdown table."""
    return markdown_table(COLUMNS, [[row[name] for name in COLUMNS] for row in rows])
