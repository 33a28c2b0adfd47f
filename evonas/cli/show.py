"""``evonas show``: one candidate, from its genome to the rule of every layer."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from evonas.api.progress_text import readable
from evonas.api.study import Study
from evonas.evaluation.objectives import OBJECTIVES
from evonas.evaluation.record import Evaluation
from evonas.report.cell_drawing import CELLS_FOLDER, cells_as_svg, cells_as_text
from evonas.rules import rule_layers
from evonas.search.pareto import non_dominated
from evonas.study.progress import front, vector
from evonas.study.shape import read_space


def show_candidate(console: Console, folder: Path, key: str) -> None:
    """Print all that is known of a candidate, and draw its cells into the run's folder.

    Raises:
        UnknownNameError: no candidate has this key, or several begin so.
        RunFolderError: there is no run in the folder.
    """
    study = Study(folder)
    evaluation = study.find(key)
    space = read_space(study.settings, folder)
    blueprint = space.decode(space.parse(evaluation.genome))
    _say(console, f"candidate {evaluation.key} of {folder}\n{evaluation.genome}\n")
    for line in cells_as_text(blueprint.cells):
        _say(console, line)
    console.print()
    console.print(_values(evaluation, study.settings.problem.objectives))
    _say(console, f"\n{standing(evaluation, study)}\n")
    console.print(_layers(study, evaluation))
    drawing = folder / CELLS_FOLDER / f"{evaluation.key}.svg"
    drawing.parent.mkdir(exist_ok=True)
    title = f"{evaluation.key}, {space.name}"
    drawing.write_text(cells_as_svg(blueprint.cells, title=title), encoding="utf-8")
    _say(console, f"\ndrawing of the cells: {drawing}")


def standing(evaluation: Evaluation, study: Study) -> str:
    """Where a candidate stands: on the front, behind others, or in no comparison."""
    objectives, everything = study.settings.problem.objectives, study.evaluations
    if evaluation.failure is not None:
        return f"failed: {evaluation.failure}"
    if evaluation.left_out is not None:
        return f"on no front: {evaluation.left_out}"
    chosen = front(everything, objectives)
    if evaluation in chosen:
        return f"on the front, {chosen.index(evaluation) + 1} of {len(chosen)} by {objectives[0]}"
    mine = vector(evaluation, objectives)
    better = [e.key for e in chosen if not non_dominated([vector(e, objectives), mine])[1]]
    return f"dominated by {len(better)} of the {len(chosen)} on the front: {', '.join(better[:3])}"


def _values(evaluation: Evaluation, objectives: Sequence[str]) -> Table:
    """What was measured, the objectives first."""
    table = Table("objective", "value", "unit", box=None)
    for name in dict.fromkeys([*objectives, *evaluation.values]):
        if name in evaluation.values:
            table.add_row(name, readable(evaluation.values[name]), OBJECTIVES[name].unit)
    table.add_row("epochs", str(evaluation.epochs), "")
    table.add_row("seconds", f"{evaluation.seconds:.1f}", "")
    return table


def _layers(study: Study, evaluation: Evaluation) -> Table:
    """Every weight layer in the order of the network: its shape, its weights, its rule."""
    table = Table("layer", "shape of the weight", "weights", "rule", box=None)
    for name, layer in rule_layers(study.untrained(evaluation)).items():
        weight = layer.weight
        shape = " x ".join(map(str, weight.shape))
        table.add_row(name.removeprefix("body."), shape, f"{weight.numel():,}", layer.rule.name)
    return table


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)
