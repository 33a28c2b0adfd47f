"""The front of a run in the terminal and as a picture; torch is not needed for it."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from evonas.api.progress_text import readable
from evonas.evaluation.objectives import ALWAYS_MEASURED
from evonas.evaluation.record import Evaluation
from evonas.report.picture import write_picture
from evonas.study.folder import readable_run
from evonas.study.progress import front


def show_front(console: Console, folder: Path) -> None:
    """Print the front of the run in ``folder``, and see that ``front.png`` shows it."""
    with readable_run(folder) as (settings, journal):
        evaluations = journal.evaluations()
    objectives = settings.problem.objectives
    chosen = front(evaluations, objectives)
    console.print(_front_table(chosen, objectives))
    picture = write_picture(folder, evaluations, settings)
    _say(console, f"{len(chosen)} of {len(evaluations)} candidates; picture: {picture}")
    missing = left_out(evaluations)
    if missing:
        _say(console, f"not in the picture: {missing}")
    if chosen:
        _say(console, f"see one by: evonas show {shlex.quote(str(folder))} {chosen[0].key[:8]}")


def left_out(evaluations: Sequence[Evaluation]) -> str:
    """How many candidates can be on no front, by reason; empty if there are none."""
    reasons = {
        "failed": lambda e: e.failure is not None,
        "outside the constraints": lambda e: e.failure is None and e.violation > 0,
        "stopped on a rung": lambda e: e.failure is None and _begins(e, "stopped"),
        "dominated before the attack": lambda e: e.failure is None and _begins(e, "dominated"),
    }
    counts = {reason: sum(map(holds, evaluations)) for reason, holds in reasons.items()}
    return ", ".join(f"{count} {reason}" for reason, count in counts.items() if count)


def _begins(evaluation: Evaluation, word: str) -> bool:
    return (evaluation.left_out or "").startswith(word)


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def _front_table(chosen: Sequence[Evaluation], objectives: Sequence[str]) -> Table:
    shown = list(dict.fromkeys([*objectives, *ALWAYS_MEASURED]))
    table = Table(*shown, "weights by rule", box=None)
    table.add_column("key", no_wrap=True)  # to be copied
    for evaluation in chosen:
        total = sum(evaluation.weights_by_rule.values())
        shares = sorted(evaluation.weights_by_rule.items(), key=lambda item: -item[1])
        table.add_row(
            *(readable(evaluation.values[name]) for name in shown),
            " ".join(f"{name} {100 * count / total:.0f}%" for name, count in shares),
            evaluation.key,
        )
    return table
