"""The updates of a network's rule layers for each of several mini-batches."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from evonas.evaluation.diagnostics.mini_batches import Batch
from evonas.rules import rule_layers, wirings
from evonas.rules.tools.updates import rule_updates


def layer_updates(
    network: nn.Module,
    batches: Sequence[Batch],
    *,
    on_batch: Callable[[], None] = lambda: None,
) -> dict[str, Tensor]:
    """The update of every rule layer on every batch, all from the same weights.

    It is what the optimiser is given: the gradient under back-propagation and feedback rules, and
    the negative of the weight change for rules with an update of their own. The network runs in
    training mode, as such rules learn in no other. Its step counts on from batch to batch, so that
    rules that draw feedback anew do so as in training. Afterwards weights, buffers, step and mode
    are what they were.

    Args:
        network: connected; maps images to logits.
        batches: on its device.
        on_batch: called after each batch.

    Returns:
        By layer, (batches, weights of the layer); layers that no path to the logits runs through
        are left out.
    """
    layers = {n: layer for n, layer in rule_layers(network).items() if layer.weight.requires_grad}
    weights = [layer.weight for layer in layers.values()]
    buffers = [(buffer, buffer.clone()) for buffer in network.buffers()]
    states = [(wiring, wiring.state()) for wiring in wirings(network)]
    was_training = network.training
    found: dict[str, list[Tensor]] = {name: [] for name in layers}
    network.train()
    try:
        for number, (pixels, labels) in enumerate(batches):
            for wiring, state in states:
                wiring.restore({**state, "step": state["step"] + number})
            updates = rule_updates(network, pixels, labels, weights)
            for name, update in zip(layers, updates, strict=True):
                if update is not None:
                    found[name].append(update.detach().flatten())
            _put_back(buffers)
            on_batch()
    finally:
        _put_back(buffers)
        for wiring, state in states:
            wiring.restore(state)
        network.train(was_training)
    return {name: torch.stack(some) for name, some in found.items() if some}


@torch.no_grad()
def _put_back(buffers: Sequence[tuple[Tensor, Tensor]]) -> None:
    for buffer, before in buffers:
        buffer.copy_(before)
