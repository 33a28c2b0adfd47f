"""Search spaces in the terminal: one shown, or a file checked."""

import random
from pathlib import Path

from rich.console import Console

from evonas.cli.listing import readable_cell
from evonas.registry import look_up
from evonas.rules import ALIASES, all_rules
from evonas.space import Space, load


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
        f"{readable_cell(space.size)} genotypes",
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
        f"{readable_cell(space.size)} genotypes",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def _kind_counts(space: Space) -> dict[str, int]:
    return {
        kind: sum(gene.kind == kind for gene in space.genes)
        for kind in ("operation", "inputs", "rule")
    }
