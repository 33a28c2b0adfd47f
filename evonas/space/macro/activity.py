"""Which macro genes of a genome are active.

- A width is active if a needed position has it.
- A repeat is active if anything in its stage, or in earlier positions, is needed. (Several repeats
  of a cell whose output is zero are one function; their keys differ nevertheless, unless nothing
  lies between stages.)
- The activation and the normalisation are active if a needed position applies them.
"""

from collections.abc import Sequence

from evonas.space.cell import CellAnalysis
from evonas.space.gene_layout import GeneLayout, PositionGenes


def active_macro_genes(
    layout: GeneLayout,
    analyses: Sequence[CellAnalysis],
    positions: Sequence[PositionGenes],
    needed: Sequence[bool],
) -> frozenset[int]:
    """Return the indices of the active macro genes.

    Args:
        layout: gene layout of the space.
        analyses: analyses of its cells.
        positions: positions of the genome.
        needed: whether the classifier reads each position.
    """
    if layout.first_macro == layout.first_rule:
        return frozenset()
    used = [(n, p) for n, p in enumerate(positions) if needed[n]]
    active = {position.width for _, position in used} - {-1}
    first_needed = used[0][0]
    for number, gene in enumerate(layout.genes[layout.macro], start=layout.first_macro):
        if gene.kind == "repeat":
            stage = int(gene.name.removeprefix("stage").partition(".")[0])
            # the classifier, the last position, is in the last stage but not one of its cells
            end = max(n for n, p in enumerate(positions[:-1]) if p.stage <= stage)
            is_active = first_needed <= end
        elif gene.kind in ("activation", "normalisation"):
            is_active = layout.head_has_norm or any(
                _applies(gene.kind, layout, analyses, position, is_stem=n == 0)
                for n, position in used[:-1]
            )
        else:
            continue
        if is_active:
            active.add(number)
    return frozenset(active)


def _applies(
    kind: str,
    layout: GeneLayout,
    analyses: Sequence[CellAnalysis],
    position: PositionGenes,
    *,
    is_stem: bool,
) -> bool:
    """Whether a needed position applies the activation, or the normalisation."""
    if is_stem:
        return kind == "normalisation" or not layout.has_single_stem
    if position.cell < 0:
        return True
    graph, analysis = layout.graphs[position.cell], analyses[position.cell]
    live = [wire for wire, is_live in zip(analysis.wires, analysis.live, strict=True) if is_live]
    if position.input_rules and any(wire.source < graph.spec.inputs for wire in live):
        return True
    for wire in live:
        leaves_input = wire.source < graph.spec.inputs
        operation = graph.operations[wire.operation]
        stride = 2 if leaves_input and position.is_strided else 1
        changes = leaves_input and position.changes_channels
        uses = operation.uses_activation if kind == "activation" else operation.uses_normalisation
        if uses(stride=stride, changes_channels=changes):
            return True
    return False
