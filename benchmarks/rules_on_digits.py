"""Accuracy of learning rules on scikit-learn's digits: one small network, one rule everywhere.

    python benchmarks/rules_on_digits.py hebb oja:learning_rate=0 sdfa:norm=rms

A rule may carry options; ``oja:learning_rate=0`` is the bound below: convolutions left as they
were drawn. The readout learns from the error in every case. Prints the validation accuracy of
seeds 0, 1 and 2.
"""

import dataclasses
import random
import sys

import torch

from evonas.evaluation.data import load_search_data
from evonas.evaluation.training import Recipe, train
from evonas.networks import build
from evonas.rules import AbstractRule, connect, rule_layers
from evonas.space import load

RECIPE = Recipe(epochs=8, batch=64)


def accuracy(name: str, options: dict[str, str], *, seed: int) -> float:
    """Of a fixed NAS-Bench-201 network of 8 channels and one cell a stage."""
    space = load("nas-bench-201").resized(channels=8, cells=1).with_rules((name,))
    genome = space.sample(random.Random(11))
    network = build(space, genome, input_shape=(1, 8, 8), num_classes=10, seed=seed)
    for layer in rule_layers(network).values():
        if layer.rule.name == name:
            layer.rule = with_options(layer.rule, options)
    network.wiring = connect(network, seed=seed, num_classes=10)
    data = load_search_data("digits", seed=0, num_images=None)
    train(network, data.train, traits=data.traits, recipe=RECIPE, seed=seed)
    with torch.no_grad():
        right = network(data.validation.pixels / 255).argmax(1) == data.validation.labels
    return float(right.float().mean())


def with_options(rule: AbstractRule, options: dict[str, str]) -> AbstractRule:
    """The rule with some of its options replaced; numbers are read as such."""
    known = {name: _typed(text, like=getattr(rule, name)) for name, text in options.items()}
    changed: AbstractRule = dataclasses.replace(rule, **known)  # type: ignore[type-var]
    return changed


def _typed(text: str, *, like: object) -> object:
    if isinstance(like, bool):
        return text == "True"
    return float(text) if like is None else type(like)(text)  # type: ignore[call-arg]


def main() -> None:
    """One line for each rule on the command line."""
    torch.set_num_threads(1)
    for text in sys.argv[1:]:
        name, *rest = text.split(":")
        options = dict(option.split("=") for option in rest)
        found = [accuracy(name, options, seed=seed) for seed in range(3)]
        print(f"{text:24}", *(f"{100 * value:.1f}" for value in found), flush=True)


if __name__ == "__main__":
    main()
