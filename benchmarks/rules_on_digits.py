"""Accuracy of learning rules on scikit-learn's digits: one small network, one rule everywhere.

    python -m benchmarks.rules_on_digits hebb "oja(learning_rate=0)" "sdfa(norm='rms')"
    python -m benchmarks.rules_on_digits --shallow dfa drtp "drtp(centre=False)"

A rule may have options; ``oja(learning_rate=0)`` is the lower bound: convolutions with their
initial weights. The readout learns from the error in every case. Prints the validation accuracy of
seeds 0, 1 and 2.
"""

import argparse
import random

import torch
from torch import nn

from evonas.evaluation.architectures.rule_text import parse_rule
from evonas.evaluation.data.images import SearchData
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.train import train
from evonas.networks import Network, build
from evonas.networks.blocks import relu_convolution
from evonas.networks.stems import stem
from evonas.rules import AbstractRule, RuleLinear, connect, rule_layers
from evonas.space import load

RECIPE = Recipe(epochs=8, batch=64)


def accuracy(network: Network, data: SearchData, *, seed: int) -> float:
    """Validation accuracy after training."""
    train(network, data.train, traits=data.traits, recipe=RECIPE, seed=seed)
    with torch.no_grad():
        right = network(data.validation.pixels / 255).argmax(1) == data.validation.labels
    return float(right.float().mean())


def benchmark_network(rule: AbstractRule, *, seed: int) -> Network:
    """A fixed NAS-Bench-201 network with 8 channels and one cell per stage."""
    space = load("nas-bench-201").resized(channels=8, cells=1).with_rules((rule.name,))
    genome = space.sample(random.Random(11))
    network = build(space, genome, input_shape=(1, 8, 8), num_classes=10, seed=seed)
    for layer in rule_layers(network).values():
        if layer.rule.name == rule.name:
            layer.rule = rule
    network.wiring = connect(network, seed=seed, num_classes=10)
    return network


def shallow_network(rule: AbstractRule, *, seed: int) -> Network:
    """Two convolutions of 16 channels, each with its normalisation."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        body = {
            "stem": stem(1, 16, kernel=3, rule=rule),
            "second": relu_convolution(16, 16, kernel=3, rule=rule),
        }
        classifier = RuleLinear(16, 10, rule=rule.for_readout())
    network = Network(body, head=nn.ReLU(), classifier=classifier, mean=[0.0], deviation=[1.0])
    network.wiring = connect(network, seed=seed, num_classes=10)
    return network


def main() -> None:
    """Print one line for each rule on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("rules", nargs="+", help="name, or name(option=value)")
    parser.add_argument("--shallow", action="store_true", help="two convolutions")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    data = load_search_data("digits", seed=0, num_images=None)
    make = shallow_network if chosen.shallow else benchmark_network
    for text in chosen.rules:
        rule = parse_rule(text)
        found = [accuracy(make(rule, seed=seed), data, seed=seed) for seed in range(3)]
        print(f"{text:24}", *(f"{100 * value:.1f}" for value in found), flush=True)


if __name__ == "__main__":
    main()
