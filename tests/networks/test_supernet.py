"""Genomes in the supernet compared with standalone networks; mixtures with sums over genomes."""

import itertools
import random

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from evonas.errors import SpaceError
from evonas.networks import Network, build
from evonas.networks.supernet import Supernet
from evonas.networks.supernet_selection import select_genome, select_mixture
from evonas.rules import rule_layers
from evonas.space import Genome, Space, from_data, load
from evonas.strict_yaml import parse_yaml

RULES = ("bp", "fa", "usf", "brsf", "kp", "dfa", "pc", "local")
LABELS = torch.tensor([0, 1, 2, 3])


def small(name: str, rules: tuple[str, ...] = RULES) -> Space:
    return load(name).resized(channels=4, cells=1).with_rules(rules)


def images() -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(4, 3, 8, 8, generator=generator, dtype=torch.float64)


def grow(space: Space) -> Supernet:
    return Supernet(
        space, input_shape=(3, 8, 8), num_classes=5, seed=1, learning_rate=0.1, dtype=torch.float64
    )


def shared_names(space: Space, genome: Genome, network: Network) -> dict[str, str]:
    """The name in the supernet for every parameter of the network."""
    blueprint = space.decode(genome)
    prefixes = {}
    for position in space.positions:
        if position.cell is None:
            continue
        operations = [operation.name for operation in space.graphs[position.cell].operations]
        at = f"body.{position.name.replace('.', '_')}.edges"
        for edge in blueprint.cells[position.cell].edges:
            number = operations.index(edge.operation.name)
            prefixes[f"{at}.{edge.name}."] = f"{at}.{edge.source}_{edge.target}.{number}."
    names = {}
    for name, _ in network.named_parameters():
        prefix = next((prefix for prefix in prefixes if name.startswith(prefix)), "")
        names[name] = prefixes.get(prefix, "") + name.removeprefix(prefix)
    return names


def twin(space: Space, genome: Genome, supernet: Supernet) -> Network:
    """The genome's standalone network with the supernet's weights and feedback."""
    network = build(space, genome, input_shape=(3, 8, 8), num_classes=5, seed=1).double()
    names = shared_names(space, genome, network)
    shared = dict(supernet.named_parameters())
    layers = rule_layers(supernet)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.copy_(shared[names[name]])
    for name, layer in rule_layers(network).items():
        # the layer's number selects its feedback
        layer.number = layers[names[f"{name}.weight"].removesuffix(".weight")].number
        layer.kept = layer.rule.keep(layer)
    return network


def gradients(network: Network) -> dict[str, Tensor | None]:
    network.wiring.aim(LABELS)
    F.cross_entropy(network(images()), LABELS).backward()
    return {name: parameter.grad for name, parameter in network.named_parameters()}


@pytest.mark.parametrize("is_mixture", [False, True])
@pytest.mark.parametrize("name", ["nas-bench-201", "darts", "tiny"])
def test_genome_in_supernet_matches_its_standalone_network(name: str, is_mixture: bool) -> None:
    # in a mixture every edge runs, and local updates need no signal from above; and
    # predictive coding takes one layer at a time there
    space = small(name, RULES[:-2] if is_mixture else RULES)
    supernet = grow(space)
    rng = random.Random(5)
    for _ in range(1 if is_mixture else 4):
        genome = space.sample(rng)
        network = twin(space, genome, supernet)
        one_hot = [
            F.one_hot(torch.tensor(value), len(gene.choices)).double()
            for value, gene in zip(genome.values, space.genes, strict=True)
        ]
        selection = select_mixture(space, one_hot) if is_mixture else select_genome(space, genome)
        supernet.zero_grad()
        supernet.wiring.aim(LABELS)
        logits = supernet(images(), selection)
        torch.testing.assert_close(logits, network(images()))
        F.cross_entropy(logits, LABELS).backward()
        found = {name: parameter.grad for name, parameter in supernet.named_parameters()}
        for own, gradient in gradients(network).items():
            shared = found.pop(shared_names(space, genome, network)[own])
            if gradient is None:  # of an edge that is never run
                assert shared is None or not shared.any()
            else:
                torch.testing.assert_close(shared, gradient, msg=own)
        assert not any(rest is not None and rest.any() for rest in found.values())


OPERATIONS = {
    "none": {"kind": "zero"},
    "skip": {"kind": "identity"},
    "conv": {"kind": "convolution", "kernel": 3},
    "pool": {"kind": "pool", "mode": "avg", "kernel": 3},
}
ONE_NODE = {
    "name": "one-node",
    "description": "One node, of one cell.",
    "size": {"channels": 4, "cells": 1},
    "stem": {"kernel": 3, "channels": 1},
    "cells": {
        "cell": {
            "inputs": 2,
            "nodes": 1,
            "graph": {"choose": 1},
            "join": "last",
            "operations": OPERATIONS,
        }
    },
    "stages": [{"cell": "cell", "channels": 1}],
    "reduction": {"kind": "residual"},
    "head": {"norm": False},
    "rules": {"choices": ["fa", "usf"], "granularity": "network"},
}


def test_mixture_of_one_node_equals_mean_over_genomes() -> None:
    """With one node, one cell and a linear head the logits are linear in every gene."""
    space = from_data(ONE_NODE, where="test")
    supernet = grow(space)
    generator = torch.Generator().manual_seed(2)
    probabilities = [
        torch.rand(len(gene.choices), generator=generator, dtype=torch.float64).softmax(0)
        for gene in space.genes
    ]
    expected = torch.zeros(4, 5, dtype=torch.float64)
    for values in itertools.product(*(range(len(gene.choices)) for gene in space.genes)):
        share = torch.stack([p[v] for p, v in zip(probabilities, values, strict=True)]).prod()
        expected += share * supernet(images(), select_genome(space, Genome(values)))
    found = supernet(images(), select_mixture(space, probabilities))
    torch.testing.assert_close(found, expected)


def test_mixture_of_a_space_with_a_fixed_cell_equals_mean_over_genomes() -> None:
    still = {
        "nodes": 2,
        "graph": "dense",
        "operations": {name: OPERATIONS[name] for name in ("none", "pool")},
        "fixed": "|pool~0|+|pool~0|none~1|",
    }
    cells = {"cell": {"nodes": 1, "graph": "dense", "operations": OPERATIONS}, "still": still}
    stages = [{"cell": "cell", "channels": 1}, {"cell": "still", "channels": 1}]
    space = from_data(
        ONE_NODE | {"cells": cells, "stages": stages, "reduction": {"kind": "none"}}, where="test"
    )
    supernet = grow(space)
    operations = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
    probabilities = [operations, torch.tensor([1.0, 0.0], dtype=torch.float64)]
    expected = sum(
        share * supernet(images(), select_genome(space, Genome((number, 0))))
        for number, share in enumerate(operations)
    )
    found = supernet(images(), select_mixture(space, probabilities))
    torch.testing.assert_close(found, expected)


def test_equal_seeds_give_equal_supernets_without_touching_global_rng() -> None:
    state = torch.get_rng_state()
    one, other = grow(small("tiny")), grow(small("tiny"))
    assert torch.equal(torch.get_rng_state(), state)
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


def test_kept_state_of_rules_can_be_restored() -> None:
    space = small("tiny", ("bcm",))
    supernet = grow(space)
    before = supernet.kept_state()
    logits = supernet(images(), select_genome(space, space.sample(random.Random(0))))
    F.cross_entropy(logits, LABELS).backward()
    after = supernet.kept_state()
    assert any(not torch.equal(before[name], after[name]) for name in before)
    supernet.restore_kept(before)
    assert all(torch.equal(v, supernet.kept_state()[n]) for n, v in before.items())


STYLED = """
name: styled
description: Another activation and normalisation, a reducing stem, and a cell that gets wider.
size: {channels: 4, cells: 1}
activation: gelu
normalisation: group
stem: {kind: reducing}
cells:
  cell:
    nodes: 2
    graph: {choose: 1}
    join: sum
    operations:
      skip: {kind: identity}
      conv: {kind: convolution, kernel: 3}
      sep: {kind: separable, kernel: 3}
      pool: {kind: pool, mode: avg, kernel: 3}
      wide: {kind: mbconv, kernel: 3, expansion: 2, squeeze: 2}
      look: {kind: attention, heads: 2}
stages: [{cell: cell, channels: 2}, {cell: cell, channels: 3, reduction_channels: 1}]
rules: {choices: [fa, usf, dfa]}
"""


def test_styled_genome_in_supernet_matches_its_standalone_network() -> None:
    space = from_data(parse_yaml(STYLED, where="test"), where="test")
    supernet = grow(space)
    rng = random.Random(2)
    for _ in range(6):
        genome = space.sample(rng)
        network = twin(space, genome, supernet)
        logits = supernet(images(), select_genome(space, genome))
        torch.testing.assert_close(logits, network(images()))


@pytest.mark.parametrize("name", ["mlp", "nats-size", "resnet"])
def test_space_with_variable_shapes_is_rejected(name: str) -> None:
    with pytest.raises(
        SpaceError, match=rf"^space '{name}': genomes choose .* signals without one"
    ):
        grow(small(name))


def test_too_small_images_are_rejected() -> None:
    with pytest.raises(SpaceError, match="expected images of at least 4 pixels"):
        Supernet(small("darts"), input_shape=(3, 2, 2), num_classes=5, seed=1, learning_rate=0.1)
