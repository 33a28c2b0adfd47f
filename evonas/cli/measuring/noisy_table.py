"""The table of a bench with noise: true and claimed values of what each engine returned."""

from collections.abc import Sequence
from statistics import mean, stdev

from rich.table import Column, Table

from evonas.benchmarking.noisy_scores import NoisyScore

HEADER = ("algorithm", "trainings", "returned", "archive", "claimed")


def noisy_table(records: Sequence[NoisyScore]) -> Table:
    """A row for each engine and checkpoint: means over seeds, with an error of what counts."""
    columns = list(dict.fromkeys(name for record in records for name in record.optimism))
    table = Table(
        *(Column(name, no_wrap=True) for name in (*HEADER, *columns)),
        box=None,
        padding=(0, 1, 0, 0),
        caption="Means over seeds ± standard error. Returned and archive: scores by true values; "
        "columns: how far claims exceed the true values.",
        caption_justify="left",
    )
    for name, count in dict.fromkeys((r.algorithm, r.evaluations) for r in records):
        of_row = [r for r in records if (r.algorithm, r.evaluations) == (name, count)]
        table.add_row(
            name,
            str(count),
            *(
                (_cell if measure == "returned" else _mean)(
                    [value for r in of_row if (value := getattr(r, measure)) is not None]
                )
                for measure in ("returned", "archive", "claimed")
            ),
            *(
                _mean([r.optimism[each] for r in of_row if each in r.optimism], sign="+")
                for each in columns
            ),
        )
    return table


def _cell(values: Sequence[float]) -> str:
    if not values:
        return "-"
    error = stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
    digits = 3 if abs(mean(values)) < 10 else 2
    return f"{mean(values):.{digits}f} ± {error:.{digits}f}"


def _mean(values: Sequence[float], *, sign: str = "") -> str:
    return f"{mean(values):{sign}.3f}" if values else "-"
