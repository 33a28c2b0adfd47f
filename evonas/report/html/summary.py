"""Summary of a run in words: what was searched, with which budget, and what was found."""

import statistics
from collections.abc import Sequence

from evonas.counted import counted
from evonas.evaluation.objectives import OBJECTIVES
from evonas.report.html.gathering import RunData
from evonas.report.html.numbers import duration, with_error
from evonas.study.results.candidate import Candidate


def title_of(runs: Sequence[RunData]) -> str:
    """The title of the page."""
    if len(runs) > 1:
        return f"Comparison of {len(runs)} searches: {', '.join(run.name for run in runs)}"
    problem, training = runs[0].state.settings.problem, runs[0].state.settings.training
    return f"Search of {problem.space} on {training.dataset}: {runs[0].name}"


def summary_of(run: RunData) -> str:
    """The summary of a run, as a paragraph of plain text."""
    return " ".join([_searched(run), _budget(run), _returned(run), *_confirmed(run), _lost(run)])


def _searched(run: RunData) -> str:
    problem, training = run.state.settings.problem, run.state.settings.training
    return (
        f"Run {run.name} searched the space {problem.space} on {training.dataset} for networks "
        f"that optimise {_and(problem.objectives)}, with one of the learning rules "
        f"{_and(problem.rules)} in each layer."
        if len(problem.rules) > 1
        else f"Run {run.name} searched the space {problem.space} on {training.dataset} for "
        f"networks that optimise {_and(problem.objectives)}, trained by the learning rule "
        f"{problem.rules[0]}."
    )


def _budget(run: RunData) -> str:
    settings, done = run.state.settings, run.state.num_trainings
    search, training = settings.search, settings.training
    seconds = sum(e.seconds for e in run.state.evaluations)
    state = "is still running" if run.is_running else "has stopped"
    made = (
        f"made {counted(done, 'training')}"
        if done >= search.num_trainings
        else f"{state} after {done:,} of {counted(search.num_trainings, 'training')}"
    )
    return (
        f"The engine {search.algorithm} (seed {search.seed}) {made} of "
        f"{counted(training.epochs or 0, 'epoch')} each, of "
        f"{counted(len(run.state.candidates), 'different network')}; "
        f"training and measuring took {duration(seconds)}, summed over workers."
    )


def _returned(run: RunData) -> str:
    if not run.front:
        return "No network is on the front yet."
    names = run.objectives
    best = [
        f"{name} {with_error(c.values[name], c.errors.get(name), name=name)} ({c.key[:8]})"
        for name in names
        for c in [_best(run.front, name)]
    ]
    return (
        f"The front has {counted(len(run.front), 'network')}. Its best values are "
        f"{_and(best)}, ± one standard error where known. The best of many noisy values is "
        f"optimistic: rely on the confirmed values."
    )


def _confirmed(run: RunData) -> list[str]:
    pairs = [
        (c, found)
        for c in run.front
        if (found := run.state.confirmed.get(c.key)) is not None and found.means
    ]
    if not pairs:
        return ["The front has not been confirmed with fresh trainings."] if run.front else []
    lines = []
    for name in run.objectives:
        known = [(c, f) for c, f in pairs if name in f.means and name in c.values]
        if known:
            claimed = statistics.fmean(c.values[name] for c, _ in known)
            mean = statistics.fmean(f.means[name] for _, f in known)
            text = f"{name} {with_error(mean, None, name=name)}"
            text += f" (claimed {with_error(claimed, None, name=name)}"
            on_test = [f.means[f"test_{name}"] for _, f in known if f"test_{name}" in f.means]
            if on_test:
                text += f", test {with_error(statistics.fmean(on_test), None, name=name)}"
            lines.append(text + ")")
    times = sum(f.replicates for _, f in pairs)
    return [
        f"Over {counted(times, 'fresh training')} of {counted(len(pairs), 'network')}, the "
        f"confirmed means are {_and(lines)}."
    ]


def _lost(run: RunData) -> str:
    failed = sum(c.failure is not None for c in run.state.candidates)
    out = sum(c.failure is None and c.left_out is not None for c in run.state.candidates)
    text = f"{counted(failed, 'network')} failed" if failed else "No network failed"
    if out:
        text += (
            f", and {counted(out, 'network')} {'was' if out == 1 else 'were'} left out before all "
            "objectives were measured"
        )
    return text + "."


def _best(some: Sequence[Candidate], name: str) -> Candidate:
    return min(some, key=lambda c: OBJECTIVES[name].minimised(c.values[name]))


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
