"""Work of networks; oracles: hand counts for a small one, torch's FLOP counter for whole ones."""

import random

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from evonas.evaluation.energy.network_work import inference_work, training_work
from evonas.evaluation.energy.trace import trace
from evonas.evaluation.energy.work import Work
from evonas.networks import Network, build
from evonas.networks.named.table import build_named
from evonas.networks.normalisation import BatchNorm
from evonas.rules import RULES, RuleConv2d, RuleLinear, connect
from evonas.space import load

SHAPE = (1, 8, 8)
GENOME = "|nor_conv_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|skip_connect~0|none~1|avg_pool_3x3~2|"


def small(rule: str) -> nn.Module:
    """Two convolutions and a classifier, from images (1, 4, 4) to 3 classes."""
    network = nn.Sequential(
        RuleConv2d(1, 2, 3, padding=1, bias=False, rule=RULES[rule]()),
        BatchNorm(2),
        nn.ReLU(),
        RuleConv2d(2, 4, 3, padding=1, bias=False, rule=RULES[rule]()),
        nn.AvgPool2d(4),
        nn.Flatten(),
        RuleLinear(4, 3, rule=RULES[rule]().for_readout()),
    )
    connect(network, seed=0, num_classes=3)
    return network


def whole(rules: tuple[str, ...], genome: str = GENOME) -> Network:
    space = load("nas-bench-201").resized(channels=4, cells=1).with_rules(rules)
    text = f"{genome} @ " + " ".join(random.Random(0).choices(rules, k=22))
    return build(space, space.parse(text), input_shape=SHAPE, num_classes=10, seed=0)


def test_inference_work_matches_hand_computation() -> None:
    # products: 32 outputs x 9, 64 x 18, 3 x 4
    products = 288 + 1152 + 12
    # normalisation: 32 multiply-adds; activation: 32 comparisons; mean of 16, four times;
    # three biases
    expected = Work(
        multiplications=products + 32 + 4,
        additions=products + 32 + 32 + 64 + 3,
        words=(16 + 18 + 32) + (64 + 4) + 64 + (32 + 72 + 64) + (64 + 4) + (4 + 12 + 3 + 3),
    )
    assert inference_work(small("fa"), input_shape=(1, 4, 4)) == expected


def test_bp_training_work_matches_hand_computation() -> None:
    step = training_work(small("bp"), input_shape=(1, 4, 4), batch=5)
    # K(g; W) of the second convolution and of the classifier; the first sends nothing
    sent = Work(
        multiplications=5 * (1152 + 12),
        additions=5 * (1152 + 12),
        words=5 * (64 + 32) + 72 + 5 * (3 + 4) + 12,
    )
    assert step.sent == sent
    # C(x, g) of all three, and the sum of g for the three biases
    products = 5 * (288 + 1152 + 12)
    words = 5 * (16 + 32) + 18 + 5 * (32 + 64) + 72 + 5 * (4 + 3) + 12 + (5 * 3 + 3)
    assert step.updates == Work(products, products + 5 * 3, words)
    # 18 + 72 + 12 weights, 3 biases, 4 numbers of the normalisation
    assert step.optimiser == Work(4 * 109, 4 * 109, 5 * 109)
    # normalisation needs twice the sums, for its statistics; weights are read once per batch
    forward = Work(
        multiplications=5 * (1452 + 64 + 4),
        additions=5 * (1452 + 96 + 32 + 64 + 3),
        words=5 * (48 + 96 + 64 + 96 + 68 + 7) + 18 + 4 + 72 + 15,
    )
    assert step.forward == forward
    backward = Work(
        multiplications=5 * (3 * 32 + 4),
        additions=5 * (4 * 32 + 32 + 64),
        words=5 * (5 * 32 + 3 * 32 + 68) + 4,
    )
    assert step.parts_backward == backward
    assert step.total == forward + backward + sent + step.updates + step.optimiser


@pytest.mark.parametrize("genome", [GENOME, GENOME.replace("none~1", "nor_conv_3x3~1")])
def test_layer_products_match_torchs_flop_counter(genome: str) -> None:
    network = whole(("bp",), genome).eval()
    images = torch.rand(3, *SHAPE)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(images)
    layers = trace(network, input_shape=SHAPE).layers
    assert counter.get_total_flops() == 2 * 3 * sum(layer.products for layer in layers)
    network.train()
    with FlopCounterMode(display=False) as counter:
        network(images).sum().backward()
    first = layers[0].products
    expected = 3 * sum(layer.products for layer in layers) - first  # nothing is sent to images
    assert counter.get_total_flops() == 2 * 3 * expected


def test_dead_edges_cost_nothing() -> None:
    # node 2 does not reach the output here, so its edges are dead
    dead = whole(
        ("bp",), "|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|skip_connect~0|none~1|none~2|"
    )
    none = whole(("bp",), "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|")
    assert inference_work(dead, input_shape=SHAPE) == inference_work(none, input_shape=SHAPE)


def test_node_sums_are_counted() -> None:
    # the output of a cell has two terms here and one there; the pool's own work is known
    two = whole(("bp",), "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|")
    with_pool = "|none~0|+|skip_connect~0|none~1|+|skip_connect~0|none~1|skip_connect~2|"
    three = inference_work(whole(("bp",), with_pool), input_shape=SHAPE)
    numbers = 4 * 64 + 8 * 16 + 16 * 4  # of the nodes of the three cells
    extra = Work(additions=numbers, words=3 * numbers)
    assert three == inference_work(two, input_shape=SHAPE) + extra


def test_backward_sums_are_counted_for_nodes_read_twice() -> None:
    # the input of each cell is read once here and twice there; the sums forward are known
    once = whole(
        ("bp",), "|skip_connect~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|"
    )
    twice = whole(
        ("bp",), "|skip_connect~0|+|none~0|skip_connect~1|+|skip_connect~0|none~1|skip_connect~2|"
    )
    one, two = (
        training_work(network, input_shape=SHAPE, batch=5).parts_backward
        for network in (once, twice)
    )
    numbers = 5 * (4 * 64 + 8 * 16 + 16 * 4)
    assert two == one + Work(additions=numbers, words=3 * numbers)


def test_resnet_trace_has_products_sums_and_activations() -> None:
    network = build_named(
        "resnet20", input_shape=SHAPE, num_classes=10, rules=[RULES["bp"]()], seed=0
    ).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.rand(1, *SHAPE))
    found = trace(network, input_shape=SHAPE)
    assert counter.get_total_flops() == 2 * sum(layer.products for layer in found.layers)
    numbers = 16 * 64 + 32 * 16 + 64 * 4  # outputs of one block in each stage
    sums = [part for part in found.parts if part.kind == "sum"]
    assert sum(part.outputs for part in sums) == 3 * numbers
    # within and after each of the nine blocks; the stem may have one more
    after_stem = len([part for part in found.parts if part.kind == "activation"]) - 18
    assert after_stem == 1, after_stem


def test_frozen_layers_cost_only_a_forward_pass() -> None:
    network = whole(("bp",))
    learning = training_work(network, input_shape=SHAPE, batch=5)
    network.requires_grad_(False)
    network.classifier.requires_grad_()
    resting = training_work(network, input_shape=SHAPE, batch=5)
    assert resting.forward == learning.forward
    assert resting.sent == resting.parts_backward == Work()
    classifier = network.classifier.weight
    classes, features = classifier.shape
    products, words = 5 * classes * features, 5 * (classes + features) + classes * features
    biases = Work(additions=5 * classes, words=5 * classes + classes)
    assert resting.updates == Work(products, products, words) + biases
    assert resting.optimiser.multiplications == 4 * (classes * features + classes)


def test_training_energy_per_image_falls_with_the_batch() -> None:
    network = whole(("fa", "usf"))
    alone = training_work(network, input_shape=SHAPE, batch=1).total.microjoules()
    shared = training_work(network, input_shape=SHAPE, batch=64).total.microjoules() / 64
    assert inference_work(network, input_shape=SHAPE).microjoules() < shared < alone


def test_counting_work_leaves_the_network_unchanged() -> None:
    network = whole(("dfa", "stdp", "local", "pc"))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    training_work(network, input_shape=SHAPE, batch=4)
    assert network.training
    assert all(parameter.requires_grad for parameter in network.parameters())
    after = network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not any(module._forward_hooks for module in network.modules())
