"""Gradient of the validation loss with respect to a supernet's logits, of operations and rules.

The logits of operations take part in the forward pass and get their ordinary gradient (first
order, as in Liu, Simonyan and Yang 2019). Those of rules do not: they determine what the weights
learn. Their gradient is that of the validation loss after one training step, w' = w - rate U(p):

    dL(w')/dp_sr = -rate <grad L(w'), dU/dp_sr>

where U is the update of all weights when site s sends and learns by the mean of its rules,
weighted by p_s. A rule mostly affects what the layers *below* it learn, so U must be
differentiated through the whole backward pass; doing so once gives the derivative for every site
and rule.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn import functional as F

from evonas.networks.supernet import Supernet
from evonas.networks.supernet_selection import select_mixture
from evonas.rules import true_gradient

Batch = tuple[Tensor, Tensor]
"""Images (N, C, H, W) in [0, 1] and labels (N,)."""


def validation_slope(
    supernet: Supernet,
    logits: Sequence[Tensor],
    *,
    train: Batch,
    validation: Batch,
    learning_rate: float,
) -> list[Tensor]:
    """Gradient of the validation loss with respect to every logit; weights stay unchanged.

    The cost is a forward and a backward pass on each batch, and a second derivative on the first
    batch, worth about two more passes, whatever the number of sites and rules.

    Args:
        supernet: supernet in training mode, so that it uses batch statistics.
        logits: for every gene of the space, one number per choice.
        train: batch for the training step.
        validation: batch for the validation loss.
        learning_rate: learning rate of the step of plain gradient descent.
    """
    leaves = [each.detach().clone().requires_grad_() for each in logits]
    probabilities = [leaf.softmax(0) for leaf in leaves]
    is_rule = [gene.kind == "rule" for gene in supernet.space.genes]
    names = [name for name, _ in supernet.named_parameters()]
    changes = _changes(supernet, _detached(probabilities, [not rule for rule in is_rule]), train)
    moved = {
        name: parameter.detach().clone()
        if change is None
        else parameter.detach() - learning_rate * change.detach()
        for (name, parameter), change in zip(supernet.named_parameters(), changes, strict=True)
    }
    for parameter in moved.values():
        parameter.requires_grad_()
    images, labels = validation
    with true_gradient(supernet):
        selection = select_mixture(supernet.space, _detached(probabilities, is_rule))
        loss = F.cross_entropy(functional_call(supernet, moved, (images, selection)), labels)
        slopes = torch.autograd.grad(loss, [*moved.values(), *leaves], allow_unused=True)
    along = torch.zeros((), dtype=loss.dtype, device=loss.device)
    for change, slope in zip(changes, slopes[: len(names)], strict=True):
        if change is not None and change.requires_grad and slope is not None:
            along = along + (change * slope).sum()
    by_rule: Sequence[Tensor | None] = [None] * len(leaves)
    if along.requires_grad:
        by_rule = torch.autograd.grad(-learning_rate * along, leaves, allow_unused=True)
    return [
        _or_zeros(of_rule if rule else ordinary, leaf)
        for leaf, rule, ordinary, of_rule in zip(
            leaves, is_rule, slopes[len(names) :], by_rule, strict=True
        )
    ]


def _changes(
    supernet: Supernet, probabilities: Sequence[Tensor], batch: Batch
) -> tuple[Tensor | None, ...]:
    """The update U, with the graph that connects it to the shares of the rules."""
    images, labels = batch
    supernet.wiring.aim(labels)
    loss = F.cross_entropy(supernet(images, select_mixture(supernet.space, probabilities)), labels)
    return torch.autograd.grad(
        loss, list(supernet.parameters()), create_graph=True, allow_unused=True
    )


def _detached(probabilities: Sequence[Tensor], flags: Sequence[bool]) -> list[Tensor]:
    return [p.detach() if flag else p for p, flag in zip(probabilities, flags, strict=True)]


def _or_zeros(slope: Tensor | None, leaf: Tensor) -> Tensor:
    return torch.zeros_like(leaf) if slope is None else slope.detach()
