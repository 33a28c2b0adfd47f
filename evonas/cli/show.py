"""``evonas show``: one candidate, from its genome to the rule of every layer."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from evonas.api.study import Study
from evonas.api.terminal.console import say
from evonas.api.terminal.json_output import print_json, table_rows
from evonas.api.terminal.tables import print_table
from evonas.cli.estimates import estimate
from evonas.cli.examining.audit import audit_table
from evonas.cli.front import trainings, with_error
from evonas.evaluation.objectives import OBJECTIVES
from evonas.report.cell_drawing import CELLS_FOLDER, cells_as_svg, cells_as_text
from evonas.report.skeleton_drawing import skeleton_as_text
from evonas.rules import AbstractRuleLayer, rule_layers
from evonas.search.pareto import non_dominated
from evonas.study.results.candidate import Candidate, front
from evonas.study.results.confirmed import Confirmed
from evonas.study.results.reading import read_run
from evonas.study.results.ties import ties
from evonas.study.results.vectors import vector
from evonas.study.shape import read_space
from evonas.study.weights import write_whole


def show_candidate(console: Console, folder: Path, key: str) -> None:
    """Print everything about a candidate, and draw its cells into the run's folder.

    Raises:
        UnknownNameError: no candidate has this key, or the prefix is ambiguous.
        RunFolderError: there is no run in the folder.
    """
    run = read_run(folder)
    candidate, objectives = run.find(key), run.settings.problem.objectives
    space = read_space(run.settings, folder)
    blueprint = space.decode(space.parse(candidate.genome))
    say(console, f"candidate {candidate.key} of {folder}\n{candidate.genome}\n")
    if space.has_macro_genes:
        for line in [*skeleton_as_text(blueprint.positions), ""]:
            say(console, line)
    for line in cells_as_text(blueprint.cells):
        say(console, line)
    console.print()
    console.print(_values(candidate, objectives, run.confirmed.get(candidate.key)))
    if candidate.key in run.audited:
        console.print()
        print_table(console, audit_table(run.audited[candidate.key]))
    say(console, f"\n{standing(candidate, run.candidates, objectives)}")
    for training in candidate.trainings:
        if training.batch is not None:
            say(
                console,
                f"training {training.replicate}: out of memory at the run's batch size of "
                f"{run.settings.training.batch}; trained with {training.batch}",
            )
        if training.failure is not None:
            say(console, f"training {training.replicate} failed: {training.failure}")
    console.print()
    console.print(_layers(Study(folder), candidate))
    drawing = folder / CELLS_FOLDER / f"{candidate.key}.svg"
    title = f"{candidate.key}, {space.name}"
    try:
        drawing.parent.mkdir(exist_ok=True)
        write_whole(drawing, cells_as_svg(blueprint.cells, title=title).encode())
    except OSError as problem:  # a read-only or full disk
        say(console, f"\nno drawing of the cells: {folder}: {problem.strerror}")
    else:
        say(console, f"\ndrawing of the cells: {drawing}")


def print_candidate(console: Console, folder: Path, key: str) -> None:
    """Everything about a candidate as JSON; its row is that of ``candidates.csv``.

    Raises:
        UnknownNameError: no candidate has this key, or the prefix is ambiguous.
        RunFolderError: there is no run in the folder.
    """
    run, study = read_run(folder), Study(folder)
    candidate, objectives = run.find(key), run.settings.problem.objectives
    (row,) = table_rows(study.candidates.loc[[candidate.key]])
    document = {
        "run": folder,
        **row,
        "standing": standing(candidate, run.candidates, objectives),
        "audit": run.audited.get(candidate.key),
        "trainings": candidate.trainings,
        "layers": [
            {"layer": name, "shape": layer.weight.shape, "rule": layer.rule.name}
            for name, layer in _rule_layers(study, candidate).items()
        ],
    }
    print_json(console, document)


def standing(
    candidate: Candidate, candidates: Sequence[Candidate], objectives: Sequence[str]
) -> str:
    """The status of a candidate: on the front, dominated, or not eligible."""
    if candidate.failure is not None:
        return f"failed: {candidate.failure}"
    if candidate.left_out is not None:
        return f"excluded from the front: {candidate.left_out}"
    chance = candidate.p_front
    probably = "" if chance is None else f"; probability of being there {chance:.2f}"
    chosen = front(candidates, objectives)
    keys = [each.key for each in chosen]
    if candidate.on_front:
        place = keys.index(candidate.key) + 1
        level = ties(chosen, objectives)[candidate.key]
        tied = f"; tied with {', '.join(level[:3])}" if level else ""
        return f"on the front, {place} of {len(chosen)} by {objectives[0]}{probably}{tied}"
    mine = vector(candidate, objectives)
    better = [c.key for c in chosen if not non_dominated([vector(c, objectives), mine])[1]]
    if not better:
        times = "once" if candidate.replicates == 1 else f"{candidate.replicates} times"
        return f"not on the front: trained only {times}{probably}"
    some = ", ".join(better[:3])
    return f"dominated by {len(better)} of the {len(chosen)} on the front: {some}{probably}"


def _values(candidate: Candidate, objectives: Sequence[str], confirmed: Confirmed | None) -> Table:
    """Measured values, objectives first, and confirmed values."""
    columns = ("objective", "value", "confirmed", "test") if confirmed else ("objective", "value")
    table = Table(*columns, "unit", box=None)
    for name in dict.fromkeys([*objectives, *candidate.values]):
        if name in candidate.values:
            found = [_confirmation(confirmed, each) for each in (name, f"test_{name}")]
            unit = OBJECTIVES[name].unit
            table.add_row(name, with_error(candidate, name), *(found if confirmed else ()), unit)
    empty = ("", "") if confirmed else ()
    table.add_row("trained", trainings(candidate), *empty, "times")
    if confirmed:
        counts = f"{confirmed.replicates}, collapsed {confirmed.collapsed}"
        table.add_row("confirmed", counts, *empty, "times")
    table.add_row("epochs", str(candidate.representative.epochs), *empty, "")
    table.add_row("seconds", f"{candidate.seconds:.1f}", *empty, "")
    return table


def _confirmation(confirmed: Confirmed | None, name: str) -> str:
    if confirmed is None or name not in confirmed.means:
        return ""
    return estimate(confirmed.means[name], confirmed.errors[name])


def _layers(study: Study, candidate: Candidate) -> Table:
    """Every weight layer in the order of the network: its shape, its weights, its rule."""
    table = Table("layer", "shape of the weight", "weights", "rule", box=None)
    for name, layer in _rule_layers(study, candidate).items():
        weight = layer.weight
        shape = " x ".join(map(str, weight.shape))
        table.add_row(name, shape, f"{weight.numel():,}", layer.rule.name)
    return table


def _rule_layers(study: Study, candidate: Candidate) -> dict[str, AbstractRuleLayer]:
    layers = rule_layers(study.untrained(candidate))
    return {name.removeprefix("body."): layer for name, layer in layers.items()}
