"""Genes of activation and normalisation are active exactly where they change the network."""

import random

import pytest
import torch
from torch import Tensor

from evonas.networks import build
from evonas.space import Genome, Space, from_data
from evonas.strict_yaml import parse_yaml

CELL = """
    nodes: 2
    graph: {choose: 1}
    join: last
    operations:
      nil: {kind: zero}
      skip: {kind: identity}
      pool: {kind: pool, mode: avg, kernel: 3}
      conv: {kind: convolution, kernel: 3}
      look: {kind: attention, heads: 2}
"""
SKELETONS = {
    "one cell": (1, "stages: [{cell: cell, channels: {choose: [1, 2]}}]"),
    "halving cell": (
        1,
        "stages: [{cell: cell, channels: 1}, {cell: cell, channels: {choose: [1, 2]}}]\n"
        "reduction: {kind: cell, cell: cell}",
    ),
    "two inputs": (2, "stages: [{cell: cell, channels: 1}]"),
    "reducing stem": (1, "stem: {kind: reducing}\nstages: [{cell: cell, channels: 1}]"),
}
IMAGES = torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def space_of(inputs: int, skeleton: str, *, has_norm: bool = False) -> Space:
    skeleton += f"\nhead: {{norm: {str(has_norm).lower()}}}"
    text = (
        "name: styled\ndescription: test\nsize: {channels: 8, cells: 1}\n"
        "activation: {choose: [relu, tanh]}\nnormalisation: {choose: [batch, layer]}\n"
        f"rules: {{choices: [bp], granularity: network}}\n{skeleton}\n"
        f"cells:\n  cell:\n    inputs: {inputs}{CELL}"
    )
    return from_data(parse_yaml(text, where="test"), where="test")


def logits(space: Space, genome: Genome) -> Tensor:
    network = build(space, genome, input_shape=(3, 8, 8), num_classes=4, seed=0).train()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():  # a bias of 0 would hide an activation
            parameter.add_(0.1 * torch.rand(parameter.shape, generator=generator))
        found: Tensor = network(IMAGES)
    return found


@pytest.mark.parametrize("skeleton", SKELETONS)
def test_style_gene_is_active_iff_it_changes_the_logits(skeleton: str) -> None:
    check(space_of(*SKELETONS[skeleton]), outcomes={True, False})


def test_style_genes_are_active_in_every_genome_if_the_head_normalises() -> None:
    check(space_of(*SKELETONS["one cell"], has_norm=True), outcomes={True})


def check(space: Space, *, outcomes: set[bool]) -> None:
    """Compare activity with the logits of random genomes, which must have all ``outcomes``."""
    rng = random.Random(0)
    seen = set[tuple[str, bool]]()
    for _ in range(25):
        genome = space.sample(rng)
        if outcomes == {True} and space.decode(genome).cells["cell"].is_zero:
            continue  # every normalisation of zeros is zero
        flags, before = space.is_active(genome), logits(space, genome)
        for number, gene in enumerate(space.genes):
            if gene.kind not in ("activation", "normalisation"):
                continue
            values = list(genome.values)
            values[number] = 1 - values[number]
            changes = not torch.equal(logits(space, Genome(tuple(values))), before)
            assert flags[number] == changes, f"{gene.name} of {space.format(genome)}"
            seen.add((gene.kind, changes))
    assert seen == {(kind, each) for kind in ("activation", "normalisation") for each in outcomes}
