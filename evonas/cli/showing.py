"""The commands that only show: the front of a run, spaces, objectives."""

import random
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from evonas.cli.live import readable
from evonas.evaluation.objectives import ALWAYS_MEASURED, OBJECTIVES
from evonas.evaluation.record import Evaluation
from evonas.registry import look_up
from evonas.report.plot import FRONT_PICTURE, draw_front
from evonas.rules import ALIASES, all_rules
from evonas.space import Space, load, shipped
from evonas.study.folder import readable_run
from evonas.study.progress import front


def show_front(console: Console, folder: Path) -> None:
    """Print the front of the run in ``folder``, and draw it into ``front.png``."""
    with readable_run(folder) as (config, journal):
        evaluations = journal.evaluations()
    chosen = front(evaluations, config.objectives)
    console.print(_front_table(chosen, config.objectives))
    failures = sum(e.failure is not None for e in evaluations)
    picture = folder / FRONT_PICTURE
    draw_front(
        evaluations,
        config.objectives,
        path=picture,
        title=f"{config.space} on {config.dataset}: {len(evaluations)} candidates, "
        f"{config.algorithm}, seed {config.seed}",
    )
    console.print(
        f"{len(chosen)} of {len(evaluations)} candidates ({failures} failed); picture: {picture}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def show_spaces(console: Console) -> None:
    """One row for each shipped space."""
    table = Table("name", "operations and rules", "genotypes", "source", box=None)
    for name in shipped():
        space = load(name)
        kinds = _kind_counts(space)
        table.add_row(
            name,
            f"{kinds['operation'] + kinds['inputs']} + {kinds['rule']} genes",
            _power(space.size),
            space.source,
        )
    console.print(table)


def show_space(console: Console, name: str) -> None:
    """The cells of one space, its rules, its size and a genome drawn from it."""
    space = load(name)
    console.print(f"[bold]{space.name}[/]: {space.description}", highlight=False)
    console.print(f"source: {space.source}", highlight=False, markup=False)
    for cell_name, cell in space.spec.cells.items():
        console.print(
            f"cell {cell_name}: {cell.inputs} input{'s' * (cell.inputs > 1)}, {cell.nodes} nodes, "
            f"join {cell.join}; {', '.join(cell.operations)}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    kinds = _kind_counts(space)
    console.print(
        f"rules: {', '.join(space.rule_choices)}; one for each {space.granularity}\n"
        f"size: {space.channels} channels, {space.cells} cells a stage; "
        f"{kinds['operation'] + kinds['inputs']} operation genes, {kinds['rule']} rule genes, "
        f"{_power(space.size)} genotypes",
        highlight=False,
        markup=False,
    )
    genome = space.canonical(space.sample(random.Random(0)))
    text = space.format(genome)
    console.print(f"a genome: {text}", highlight=False, markup=False, soft_wrap=True)


def check_space(console: Console, file: Path) -> None:
    """Load the file; what is wrong with it leaves as one error with a line for each problem."""
    space = load(str(file))
    unknown = [name for name in space.rule_choices if ALIASES.get(name, name) not in all_rules()]
    if unknown:
        look_up(all_rules(), unknown[0], kind=f"rule in {file}: $.rules.choices:")
    console.print(
        f"{file}: space '{space.name}' is well formed, {len(space.genes)} genes, "
        f"{_power(space.size)} genotypes",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def show_objectives(console: Console) -> None:
    """One row for each objective."""
    table = Table("name", "unit", "direction", "cost", "meaning", box=None)
    for objective in OBJECTIVES.values():
        table.add_row(
            objective.name, objective.unit, objective.direction, objective.cost, objective.meaning
        )
    console.print(table)


def _front_table(chosen: Sequence[Evaluation], objectives: Sequence[str]) -> Table:
    shown = list(dict.fromkeys([*objectives, *ALWAYS_MEASURED]))
    table = Table(*shown, "weights by rule", "key", box=None)
    for evaluation in chosen:
        total = sum(evaluation.weights_by_rule.values())
        shares = sorted(evaluation.weights_by_rule.items(), key=lambda item: -item[1])
        table.add_row(
            *(readable(evaluation.values[name]) for name in shown),
            " ".join(f"{name} {100 * count / total:.0f}%" for name, count in shares),
            evaluation.key,
        )
    return table


def _kind_counts(space: Space) -> dict[str, int]:
    return {
        kind: sum(gene.kind == kind for gene in space.genes)
        for kind in ("operation", "inputs", "rule")
    }


def _power(size: int) -> str:
    return f"{size:,}" if size < 10**9 else f"10^{len(str(size)) - 1}"
