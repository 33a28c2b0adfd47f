"""Sections on results: the front, confirmations, the course of the search, learning curves."""

from collections.abc import Sequence

from evonas.evaluation.objectives import OBJECTIVES
from evonas.report.html.gathering import RunData
from evonas.report.html.markup import Row, heading, missing, paragraph, plot, table
from evonas.report.html.numbers import with_error
from evonas.report.nearest import no_feasible_candidate
from evonas.study.results.candidate import Candidate
from evonas.study.results.ties import ties


def comparison(runs: Sequence[RunData]) -> str:
    """Table that compares several runs; empty for a single run."""
    if len(runs) < 2:
        return ""
    names = list(dict.fromkeys(name for run in runs for name in run.objectives))
    header = [
        "run",
        "engine",
        "seed",
        "trainings",
        "failed",
        "front",
        *(f"best {n}" for n in names),
    ]
    rows = []
    for run in runs:
        best = []
        for name in names:
            some = [c for c in run.front if name in c.values and name in run.objectives]
            chosen = _best(some, name)
            text = "-"
            if chosen is not None:
                text = with_error(chosen.values[name], chosen.errors.get(name), name=name)
            best.append(text)
        state = run.state
        failed = sum(e.failure is not None for e in state.evaluations)
        search = state.settings.search
        counts = (state.num_trainings, failed, len(run.front))
        rows.append(Row([run.name, search.algorithm, str(search.seed), *map(str, counts), *best]))
    return (
        '<section id="runs"><h2>Comparison of the runs</h2>'
        + table(header, rows, label="comparison of the runs", left=2)
        + paragraph(_differing(runs), kind="caption")
        + "</section>"
    )


def front_tables(runs: Sequence[RunData]) -> str:
    """The front of each run, with one row per network."""
    return "\n".join(_front_table(number, run, runs) for number, run in enumerate(runs))


def confirmations(runs: Sequence[RunData]) -> str:
    """Claimed values compared with confirmed values."""
    parts = []
    if any(run.state.confirmed for run in runs):
        parts.append(plot("confirmed", label="claimed versus confirmed values"))
    for number, run in enumerate(runs):
        if not run.state.confirmed:
            parts.append(
                missing(
                    f"{run.name}: no network was confirmed with fresh trainings.",
                    f"evonas confirm {run.state.folder}",
                )
            )
            continue
        parts.append(_confirmed_table(number, run, several=len(runs) > 1))
    return "\n".join(parts)


def course(runs: Sequence[RunData]) -> str:
    """Hypervolume over trainings and over time."""
    if not any(run.state.evaluations for run in runs):  # then there is no curve to draw
        return missing("No training has finished yet.", f"evonas resume {runs[0].state.folder}")
    return plot("course", label="hypervolume over trainings and over time")


def learning(runs: Sequence[RunData]) -> str:
    """Learning curves of the selected network, and of final trainings."""
    parts = []
    if any(e.losses for run in runs for e in run.state.evaluations):
        parts.append(plot("losses", label="training loss by epoch of the selected network"))
    else:
        parts.append(
            missing("No training has finished yet.", f"evonas resume {runs[0].state.folder}")
        )
    if any(run.finals for run in runs):
        parts.append(plot("finals", label="final trainings by epoch"))
    for run in runs:
        if not run.finals:
            key = run.front[0].key[:8] if run.front else "KEY"
            parts.append(
                missing(
                    f"{run.name}: no network was fully trained.",
                    f"evonas train {run.state.folder} {key}",
                )
            )
    return "\n".join(parts)


def _front_table(number: int, run: RunData, runs: Sequence[RunData]) -> str:
    title = heading(f"Front of {run.name}") if len(runs) > 1 else ""
    if not run.front:
        why = (
            no_feasible_candidate(run.state.candidates)
            or f"{run.name}: no network is on the front."
        )
        return title + missing(why, f"evonas resume {run.state.folder}")
    names = list(dict.fromkeys([*run.objectives, "params", "bio"]))
    twins = run.twins
    level = ties(run.front, run.objectives)
    header = ["network", "weights by rule, %", *names, "trainings", "P(front)"]
    gaps = [n for n in run.objectives if any(n in twins.get(c.key, {}) for c in run.front)]
    header += [f"{name} - bp twin" for name in gaps]
    if run.state.audited:
        header.append("masking")
    rows = []
    for candidate in run.front:
        weights = candidate.representative.weights_by_rule
        total = sum(weights.values()) or 1
        shares = sorted(weights.items(), key=lambda item: -item[1])
        cells = [
            candidate.key[:8] + (" ≈" if level[candidate.key] else ""),
            ", ".join(f"{rule} {100 * count / total:.0f}" for rule, count in shares) or "-",
            *(with_error(candidate.values.get(n), candidate.errors.get(n), name=n) for n in names),
            f"{candidate.replicates}",
            "-" if candidate.p_front is None else f"{candidate.p_front:.2f}",
        ]
        for name in gaps:
            gap = twins.get(candidate.key, {}).get(name)
            error = f" ± {gap.error:.3f}" if gap is not None and gap.error is not None else ""
            cells.append("-" if gap is None else f"{gap.mean:+.3f}{error}")
        if run.state.audited:
            found = run.state.audited.get(candidate.key)
            cells.append("-" if found is None else ", ".join(found.flags) or "none")
        rows.append(Row(cells, run=number, key=candidate.key))
    return title + table(header, rows, label=f"front of {run.name}", left=2)


def _confirmed_table(number: int, run: RunData, *, several: bool) -> str:
    names = [n for n in run.objectives if any(n in f.means for f in run.state.confirmed.values())]
    header = ["network"]
    for name in names:
        header += [f"{name}, claimed", f"{name}, confirmed", f"{name}, test"]
    header += ["fresh trainings", "collapsed"]
    by_key = {candidate.key: candidate for candidate in run.state.candidates}
    rows = []
    for key, found in run.state.confirmed.items():
        candidate = by_key.get(key)
        cells = [key[:8]]
        for name in names:
            claimed = None if candidate is None else candidate.values.get(name)
            error = None if candidate is None else candidate.errors.get(name)
            cells.append(with_error(claimed, error, name=name))
            cells += [
                with_error(found.means.get(part), found.errors.get(part), name=name)
                for part in (name, f"test_{name}")
            ]
        cells += [str(found.replicates), str(found.collapsed)]
        rows.append(Row(cells, run=number, key=key))
    title = heading(f"Confirmed networks of {run.name}") if several else ""
    return title + table(header, rows, label=f"confirmed networks of {run.name}")


def _best(some: Sequence[Candidate], name: str) -> Candidate | None:
    return min(some, key=lambda c: OBJECTIVES[name].minimised(c.values[name]), default=None)


def _differing(runs: Sequence[RunData]) -> str:
    first = runs[0].state.settings.values()
    names = [
        name
        for name in first
        if any(run.state.settings.values()[name] != first[name] for run in runs[1:])
        and name not in ("data_dir", "download")
    ]
    if not names:
        return "All runs have the same settings."
    serious = [n for n in names if n not in ("seed", "algorithm", "confirm", "controls")]
    text = f"The runs differ in: {', '.join(names)}."
    if serious:
        text += (
            " Values are comparable only between runs of the same protocol: the same space, "
            "images, epochs, attack and budget."
        )
    return text
