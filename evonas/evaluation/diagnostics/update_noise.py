"""Measure variance and alignment of a network's updates under several assignments of rules."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from evonas.evaluation.diagnostics.gradient_noise import (
    inner_products,
    mean_cosine,
    normalised_variance,
    without_each,
)
from evonas.evaluation.diagnostics.layer_updates import layer_updates
from evonas.evaluation.diagnostics.mini_batches import Batch
from evonas.networks import Network
from evonas.rules import rule_layers

REFERENCE = "bp"
"""Name of the assignment whose updates are the true gradient."""


@dataclass(frozen=True)
class LayerNoise:
    """Statistics of the updates of one layer under one assignment of rules.

    Attributes:
        assignment: name of the assignment.
        layer: name of the layer in the network.
        rule: rule of the layer.
        parameters: number of weights of the layer.
        nv: normalised variance over the mini-batches.
        nv_without: normalised variance with each mini-batch left out in turn.
        cosine: cosine with the gradient of the same mini-batch, averaged over the mini-batches.
    """

    assignment: str
    layer: str
    rule: str
    parameters: int
    nv: float
    nv_without: tuple[float, ...]
    cosine: float


def update_noise(
    networks: Mapping[str, Network],
    batches: Sequence[Batch],
    *,
    on_batch: Callable[[], None] = lambda: None,
) -> list[LayerNoise]:
    """Measure normalised variance and alignment of every layer under every assignment.

    Args:
        networks: networks by name of the assignment, all with the same architecture and weights,
            including :data:`REFERENCE` with back-propagation everywhere.
        batches: at least three mini-batches, used for all networks.
        on_batch: called after each batch of each network.
    """
    gradients = layer_updates(networks[REFERENCE], batches, on_batch=on_batch)
    found = []
    for assignment, network in networks.items():
        updates = gradients
        if assignment != REFERENCE:
            updates = layer_updates(network, batches, on_batch=on_batch)
        layers = rule_layers(network)
        for name, some in updates.items():
            products = inner_products(some)
            found.append(
                LayerNoise(
                    assignment=assignment,
                    layer=name.removeprefix("body."),
                    rule=layers[name].rule.name,
                    parameters=some.shape[1],
                    nv=normalised_variance(products),
                    nv_without=tuple(without_each(products)),
                    cosine=mean_cosine(some, gradients[name]),
                )
            )
    return found
