"""Compute the updates of a network's rule layers on each of several mini-batches."""

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
    """Compute the update of every rule layer on every batch, all from the same weights.

    The update is what the optimiser receives: the gradient under back-propagation and feedback
    rules, and the negative weight change for rules with an update of their own. The network runs
    in training mode, as such rules do not learn otherwise. Its step number increases from batch to
    batch, so that rules that redraw their feedback do so as in training. Weights, buffers, step
    and mode are restored afterwards.

    Args:
        network: connected network that maps images to logits.
        batches: mini-batches on its device.
        on_batch: called after each batch.

    Returns:
        For each layer, (batches, weights of the layer); layers on no path to the logits are
        missing.
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
