"""Rules that train the first layer or the classifier alike become one; classes counted by hand."""

import random

from evonas.space import from_data, load
from evonas.strict_yaml import parse_yaml
from tests.space.folding.genomes import changed

SAME_ON_STEM = {"fa": "bp", "usf": "bp", "frsf": "bp", "brsf": "bp", "kp": "kp", "dfa": "bp"}


def test_equivalent_stem_rules_are_folded() -> None:
    plain = load("nas-bench-201").resized(channels=4, cells=1)
    folded = plain.with_first_layer(SAME_ON_STEM)
    stem = [gene.name for gene in plain.genes].index("stem")
    genome = plain.parse("|skip_connect~0|+|none~0|none~1|+|none~0|skip_connect~1|none~2|")
    texts = []
    for value in range(6):
        other = changed(genome, stem, value)
        texts.append(folded.format(folded.canonical(other)).partition("@")[2].split()[0])
        assert folded.key(folded.canonical(other)) == folded.key(other)
    assert texts == ["fa", "fa", "fa", "fa", "kp", "fa"]
    assert len({plain.key(changed(genome, stem, value)) for value in range(6)}) == 6
    assert len({folded.key(changed(genome, stem, value)) for value in range(6)}) == 2


def test_stem_with_only_equivalent_rules_is_inactive() -> None:
    rules = ("fa", "usf", "dfa")
    space = load("nas-bench-201").with_rules(rules).with_first_layer(SAME_ON_STEM)
    genome = space.sample(random.Random(0))
    stem = [gene.name for gene in space.genes].index("stem")
    assert not space.is_active(genome)[stem]
    assert space.canonical(changed(genome, stem, 2)).values[stem] == 0


def test_stem_sharing_its_rule_is_not_folded() -> None:
    space = load("tiny").with_first_layer(SAME_ON_STEM)
    stage = [gene.name for gene in space.genes].index("stage0")
    convolving = space.parse("|conv_3x3~0|+|skip~0|+|skip~0|")
    pooling = space.parse("|max_pool~0|+|skip~0|+|skip~0|")
    usf = 1
    assert space.key(changed(convolving, stage, usf)) != space.key(convolving)
    assert space.key(changed(pooling, stage, usf)) == space.key(pooling)
    assert space.canonical(changed(convolving, stage, usf)).values[stage] == usf
    assert space.canonical(changed(pooling, stage, usf)).values[stage] == 0


SAME_ON_CLASSIFIER = {"fa": "fa", "usf": "usf", "kp": "usf", "dfa": "fa"}


def test_equivalent_classifier_rules_are_folded() -> None:
    rules = ("fa", "usf", "kp", "dfa")
    plain = load("nas-bench-201").resized(channels=4, cells=1).with_rules(rules)
    folded = plain.with_readout(SAME_ON_CLASSIFIER)
    last = [gene.name for gene in plain.genes].index("classifier")
    genome = plain.parse("|skip_connect~0|+|none~0|none~1|+|none~0|skip_connect~1|none~2|")
    texts = []
    for value in range(4):
        other = changed(genome, last, value)
        texts.append(folded.format(folded.canonical(other)).split()[-1])
        assert folded.key(folded.canonical(other)) == folded.key(other)
        assert folded.is_active(other)[last]
    assert texts == ["fa", "usf", "usf", "fa"]
    assert len({plain.key(changed(genome, last, value)) for value in range(4)}) == 4
    assert len({folded.key(changed(genome, last, value)) for value in range(4)}) == 2


def test_classifier_with_only_equivalent_rules_is_inactive() -> None:
    space = load("nas-bench-201").with_rules(("usf", "kp")).with_readout(SAME_ON_CLASSIFIER)
    genome = space.sample(random.Random(0))
    last = [gene.name for gene in space.genes].index("classifier")
    assert not space.is_active(genome)[last]
    assert space.canonical(changed(genome, last, 1)).values[last] == 0


CELL_AND_CLASSIFIER = """
name: last-stage
description: the stem has a rule of its own, the last cell and the classifier share one
size: {channels: 4, cells: 1}
cells:
  cell:
    nodes: 1
    graph: dense
    join: last
    operations:
      skip: {kind: identity}
      conv: {kind: convolution, kernel: 3}
stages: [{cell: cell, channels: 1}, {cell: cell, channels: 2}]
rules: {choices: [usf, kp], granularity: stage}
"""


def test_classifier_sharing_its_rule_with_cells_is_not_folded() -> None:
    data = parse_yaml(CELL_AND_CLASSIFIER, where="test")
    space = from_data(data, where="test").with_readout(SAME_ON_CLASSIFIER)
    first, last = (n for n, gene in enumerate(space.genes) if gene.kind == "rule")
    assert space.decode(space.parse("|skip~0|")).rules.keys() >= {"stem", "classifier"}
    convolving, skipping = space.parse("|conv~0|"), space.parse("|skip~0|")
    other = changed(convolving, last, 1)
    assert space.key(other) != space.key(convolving)
    assert space.is_active(convolving)[last]
    assert space.canonical(other).values[last] == 1
    assert space.key(changed(skipping, first, 1)) != space.key(skipping)
