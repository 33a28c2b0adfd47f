"""Search spaces in the terminal: one shown, a file checked, the schema of all files."""

import json
import random
from pathlib import Path

from rich.console import Console
from rich.text import Text

from evonas.api.checks.space_check import Count, Step, count_functions, extreme_steps, one_rule
from evonas.api.progress_bar import count_display
from evonas.api.terminal.console import say
from evonas.api.terminal.json_output import print_json
from evonas.cli.catalogue.listing import readable_cell
from evonas.registry import look_up
from evonas.report.cell_drawing import cells_as_text
from evonas.report.skeleton_drawing import skeleton_as_text
from evonas.rules import ALIASES, all_rules
from evonas.space import Space, load
from evonas.space.json_schema.schema import space_schema


def show_space(console: Console, name: str, *, as_json: bool) -> None:
    """The cells of one space, its rules, its size, and a network drawn from it at random."""
    space = load(name)
    genome = space.canonical(space.sample(random.Random(0)))
    if as_json:
        print_json(console, _facts(space) | {"a_genome": space.format(genome)})
        return
    console.print(Text.assemble((space.name, "bold"), f": {space.description}"), soft_wrap=True)
    say(console, f"source: {space.source}")
    for cell_name, cell in space.spec.cells.items():
        say(
            console,
            f"cell {cell_name}: {cell.inputs} input{'s' * (cell.inputs > 1)}, {cell.nodes} nodes, "
            f"join {cell.join}; {', '.join(cell.operations)}",
        )
    say(
        console,
        f"rules: {', '.join(space.rule_choices)}; one for each {space.granularity}\n"
        f"size: {space.channels} channels, {space.cells} cells per stage; {_gene_counts(space)}, "
        f"{readable_cell(space.size)} genotypes",
    )
    for gene in space.genes:
        if gene.kind in MACRO_KINDS:
            say(console, f"{gene.name}: one of {', '.join(gene.choices)}")
    blueprint = space.decode(genome)
    say(console, "\na random network:")
    for line in [*skeleton_as_text(blueprint.positions), "", *cells_as_text(blueprint.cells)]:
        say(console, f"  {line}".rstrip())
    say(console, f"\na genome: {space.format(genome)}")


def check_space(console: Console, file: Path, *, trains: bool) -> None:
    """Load the file, count what it holds, and train its smallest and its largest network.

    Problems are reported as one error with a line for each.

    Args:
        console: console to print on.
        file: the YAML, or the name of a shipped space.
        trains: whether functions are counted and networks trained.
    """
    space = load(str(file))
    unknown = [name for name in space.rule_choices if ALIASES.get(name, name) not in all_rules()]
    if unknown:
        look_up(all_rules(), unknown[0], kind=f"rule in {file}: $.rules.choices:")
    say(
        console,
        f"{file}: space '{space.name}' is valid: {len(space.genes)} genes, "
        f"{readable_cell(space.size)} genotypes",
    )
    if not trains:
        return
    for what, each in (("architectures", one_rule(space)), ("with rules", space)):
        with count_display(console, title="Counting", unit="genomes", is_quiet=False) as show:
            count = count_functions(each, on_progress=show)
        say(console, _counted(what, count))
    for name, step in zip(("smallest", "largest"), extreme_steps(space), strict=True):
        say(console, _trained(name, step))


def print_schema() -> None:
    """The JSON schema of the YAML, on standard output."""
    print(json.dumps(space_schema(), indent=2))


def _facts(space: Space) -> dict[str, object]:
    return {
        "name": space.name,
        "description": space.description,
        "source": space.source,
        "cells": space.spec.cells,
        "rules": space.rule_choices,
        "rule_granularity": space.granularity,
        "channels": space.channels,
        "cells_a_stage": space.cells,
        "genes": {gene.name: gene.choices for gene in space.genes},
        "genotypes": space.size,
    }


MACRO_KINDS = ("activation", "normalisation", "channels", "repeat")


def _gene_counts(space: Space) -> str:
    kinds = {
        "operation": ("operation", "inputs"),
        "macro": MACRO_KINDS,
        "rule": ("rule",),
    }
    counts = {name: sum(g.kind in of for g in space.genes) for name, of in kinds.items()}
    return ", ".join(f"{n} {name} genes" for name, n in counts.items() if n)


def _counted(what: str, count: Count) -> str:
    if count.is_whole:
        return f"{what}: {count.genomes:,} genomes, {count.functions:,} functions"
    return (
        f"{what}: {readable_cell(count.genomes)} genomes; {count.looked_at:,} random ones have "
        f"{count.functions:,} different functions"
    )


def _trained(name: str, step: Step) -> str:
    return (
        f"{name} network: {step.parameters:,} parameters, {step.multiply_adds:,} multiply-adds "
        f"per image of 3 x {step.side} x {step.side}; one training step on random images took "
        f"{step.seconds:.2f} s, loss {step.loss_before:.3f} before, {step.loss_after:.3f} after\n"
        f"  {step.genome}"
    )
