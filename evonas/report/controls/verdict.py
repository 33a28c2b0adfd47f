"""Verdicts of comparisons with controls, in plain sentences."""

from collections.abc import Iterator, Sequence

from evonas.report.controls.comparison import TEST, Comparison
from evonas.study.controls.names import ARCHITECTURE, NETWORK, RANDOM, SHUFFLED, TWIN, UNTRAINED

SIGNIFICANT = 0.05
KINDS = {
    TWIN: "its bp twin",
    RANDOM: "random assignments of rules",
    SHUFFLED: "its own rules shuffled",
    UNTRAINED: "untrained convolutions",
    ARCHITECTURE: "random architectures",
}


def reported(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The comparisons on the test part, which no choice depended on; all if there is none."""
    on_test = [c for c in comparisons if c.measure.startswith(TEST)]
    return on_test or list(comparisons)


def verdict(comparison: Comparison) -> str:
    """The verdict: ``better``, ``worse``, ``no difference found`` or ``not compared``."""
    if comparison.p_holm is None or comparison.advantage is None:
        return "not compared"
    if comparison.p_holm >= SIGNIFICANT:
        return "no difference found"
    return "better" if comparison.advantage > 0 else "worse"


def sentences(comparisons: Sequence[Comparison]) -> list[str]:
    """One line for each kind of control in each reported measure."""
    rows = [c for c in reported(comparisons) if not c.is_member]
    lines = []
    for measure in dict.fromkeys(row.measure for row in rows):
        mine = [row for row in rows if row.measure == measure]
        by_control = {row.control: row for row in mine}
        lines += [_sentence(by_control[c], what) for c, what in KINDS.items() if c in by_control]
        lines += _single_rules([r for r in mine if r.control not in {NETWORK, *KINDS}])
        lines += _lost(mine)
    return lines


def readable_measure(measure: str) -> str:
    """Readable name of a measure, such as ``acc on the test part``."""
    name = measure.removeprefix(TEST)
    return f"{name} on the {'test' if name != measure else 'validation'} part"


def _sentence(row: Comparison, what: str) -> str:
    where, found = readable_measure(row.measure), verdict(row)
    if row.difference is None:
        return (
            f"{where}: the network and {what} cannot be compared: no pair of trainings succeeded"
        )
    by = _by(row)
    if found == "not compared":
        return f"{where}: {what} cannot be tested, {row.pairs} pair(s) of trainings: {by}"
    if found == "no difference found":
        return f"{where}: the network and {what} do not differ significantly: {by}"
    return f"{where}: the network is {found} than {what}: {by}"


def _single_rules(rows: Sequence[Comparison]) -> Iterator[str]:
    """Verdicts on single-rule controls and other networks, one line per verdict."""
    for found, text in (
        ("better", "the network is better than"),
        ("worse", "the network is worse than"),
        ("no difference found", "the network does not differ significantly from"),
        ("not compared", "the network could not be tested against"),
    ):
        some = [row for row in rows if verdict(row) == found]
        if some:
            names = ", ".join(row.control for row in some)
            yield f"{readable_measure(some[0].measure)}: {text} {names}"


def _by(row: Comparison) -> str:
    assert row.difference is not None
    text = f"difference {row.difference.mean:+.3f}"
    if row.difference.low is not None and row.difference.high is not None:
        text += f", 95 % interval {row.difference.low:+.3f} to {row.difference.high:+.3f}"
    if row.p_holm is not None:
        text += f", p {row.p_holm:.2g} after Holm"
    return text


def _lost(rows: Sequence[Comparison]) -> Iterator[str]:
    """Numbers of trainings that are left out of the means."""
    lost = [
        f"{row.control} {row.failed + row.collapsed} of {row.trainings}"
        for row in rows
        if row.failed + row.collapsed
    ]
    if lost:
        where = readable_measure(rows[0].measure)
        yield f"{where}: failed or collapsed, left out of the means: {', '.join(lost)}"
