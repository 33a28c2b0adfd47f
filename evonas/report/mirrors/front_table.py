"""Format the front as a Markdown table."""

from collections.abc import Sequence

from evonas.report.mirrors.candidate_facts import facts_of
from evonas.study.results.candidate import front
from evonas.study.results.reading import RunState


def front_table(state: RunState, objectives: Sequence[str]) -> str:
    """One row per network of the front, sorted by the first objective, the best first.

    Args:
        state: state of the run.
        objectives: objectives of the run.
    """
    rows = [
        {
            "key": each.key[:8],
            **{name: each.values[name] for name in objectives},
            **facts_of(each, state.confirmed.get(each.key)),
        }
        for each in front(state.candidates, objectives)
    ]
    names = [n for n in dict.fromkeys(name for row in rows for name in row) if n != "on front"]
    lines = ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]
    lines += ["| " + " | ".join(_text(row.get(n, "")) for n in names) + " |" for row in rows]
    return "\n".join(lines)


def _text(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
