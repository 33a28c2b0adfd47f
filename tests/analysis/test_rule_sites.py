"""Oracles: keys, which change exactly if a rule trains weights; counting by hand."""

import random

import numpy as np
import pytest

from evonas.analysis.rule_sites import count_sites, live_sites
from evonas.space import Genome, Space, from_data, load, source_text
from evonas.strict_yaml import parse_yaml
from tests.analysis.populations import member, random_genomes, space_of


def sparse_darts() -> Space:
    """DARTS with a zero operation, so that a cell may read one input or none."""
    data = parse_yaml(source_text("darts"), where="darts")
    for cell in data["cells"].values():
        cell["operations"]["none"] = {"kind": "zero"}
    data["rules"]["granularity"] = "layer"
    return from_data(data, where="darts")


def mostly_zero(space: Space, rng: random.Random) -> Genome:
    """A random genome with many edges that carry nothing."""
    values = [
        gene.choices.index("none")
        if gene.kind == "operation" and "none" in gene.choices and rng.random() < 0.6
        else value
        for gene, value in zip(space.genes, space.sample(rng).values, strict=True)
    ]
    return Genome(tuple(values))


@pytest.mark.parametrize("whole", [load("nas-bench-201"), sparse_darts(), load("tiny")])
def test_site_is_live_iff_changing_its_rule_changes_the_key(whole: Space) -> None:
    space = whole.resized(cells=1).with_rules(("fa", "usf"))
    rng = random.Random(0)
    for _ in range(12):
        genome = mostly_zero(space, rng)
        before = space.decode(genome)
        live = {site for _, site in live_sites(before)}
        for number, gene in enumerate(space.genes):
            if gene.kind != "rule":
                continue
            values = list(genome.values)
            values[number] = 1 - values[number]
            other = Genome(tuple(values))
            after = space.decode(other).rules
            changed = {site for site in after if after[site] != before.rules[site]}
            assert bool(changed & live) == (space.key(other) != space.key(genome))


def test_sites_are_counted_by_depth_and_rule() -> None:
    space = space_of("fa", "usf")
    cell = "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|skip_connect~1|nor_conv_1x1~2|"
    # edge 3_2 reads a zero node, so only one convolution per cell is live
    rules = {"stage0.cell0.edge1_0": "usf", "stage2.cell0.edge1_0": "usf", "classifier": "usf"}
    names = [gene.name for gene in space.genes if gene.kind == "rule"]
    text = f"{cell} @ {' '.join(rules.get(name, 'fa') for name in names)}"
    found = count_sites(space, [member(space, text)])
    assert found.depths == (
        "stem", "stage0", "reduction1", "stage1", "reduction2", "stage2", "classifier",
    )  # fmt: skip
    assert found.counts[0].tolist() == [[1, 0], [0, 1], [1, 0], [1, 0], [1, 0], [0, 1], [0, 1]]


def test_inactive_rule_genes_do_not_affect_site_counts() -> None:
    space = space_of("fa", "usf")
    for genome in random_genomes(space, 20, seed=1):
        flags = space.is_active(genome)
        values = [
            0 if gene.kind != "rule" or is_active else 1
            for gene, is_active in zip(space.genes, flags, strict=True)
        ]
        other = Genome(
            tuple(
                value if gene.kind != "rule" or is_active else fold
                for gene, value, fold, is_active in zip(
                    space.genes, genome.values, values, flags, strict=True
                )
            )
        )
        blueprint = space.decode(other)
        counted = count_sites(space, [member(space, genome)]).counts[0].sum(axis=0)
        rules = [blueprint.rules[site] for _, site in live_sites(blueprint)]
        assert np.array_equal(counted, [rules.count("fa"), rules.count("usf")])
