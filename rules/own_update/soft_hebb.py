"""Soft winner-take-all Hebbian learning: SoftHebb (Journe et al. 2023)."""

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from evonas.rules.base import Transport
from evonas.rules.own_update.oja import oja_change
from evonas.rules.own_update.own_update import Moment
from evonas.rules.own_update.plasticity import AbstractPlasticityRule


@final
@dataclass(frozen=True)
class SoftHebb(AbstractPlasticityRule):
    """The units at one position compete for their common input patch, without labels.

    With u = W x and q the softmax of t u over the channels of a group, y is q for the winner and
    -q for all other units:

        Delta w_k = eta_k (sum y_k x - (sum y_k u_k) w_k),  eta_k = | |w_k| - 1 |^(1/2)

    where the bracket is divided by its largest absolute value in the layer. Learning stops where
    |w_k| = 1. A group of one channel, as in a depthwise convolution, has no competition and uses
    the rule of Oja (1982). Unlike in the paper, padding, activation and initial weights are those
    of the network.

    Attributes:
        send: see :class:`AbstractOwnUpdateRule`.
        learning_rate: the largest change of a weight in one step, apart from eta_k.
        temperature: t; larger is closer to winner-take-all.
    """

    learning_rate: float = 0.0004
    temperature: float = 1.0

    name: ClassVar[str] = "hebb"
    title: ClassVar[str] = "SoftHebb; Oja's rule where it is depthwise"
    source: ClassVar[str] = "Journe, Rodriguez, Guo and Moraitis 2023, arXiv 2209.11883"
    equation: ClassVar[str] = "Delta W = C(x, y) - (sum y u) W,  y = softmax(t u), < 0 for losers"
    transports: ClassVar[Transport] = "signs"
    sends: ClassVar[str] = "as usf (option send)"
    updates: ClassVar[str] = "-(C(x, y) - (sum y u) W), y of the winner positive"
    cost: ClassVar[str] = (
        "one correlation instead of the weight's gradient, a softmax over the channels"
    )
    limits: ClassVar[str] = (
        "learns no labels: it finds frequent patterns, not those that distinguish classes; "
        "needs several channels that compete; the weights below it learn only from what it "
        "sends"
    )

    def change(self, moment: Moment) -> Tensor:
        """Delta W divided by its largest entry, times eta_k: of the weight's shape."""
        layer = moment.layer
        if layer.weight.shape[0] == layer.groups:
            return oja_change(moment)
        y = self._compete(moment)
        change = moment.three_factor(moment.x, y, decay=moment.per_unit(y * moment.u))
        change = change / change.abs().amax().clamp_min(torch.finfo(change.dtype).tiny)
        radius = torch.linalg.vector_norm(layer.weight.detach().flatten(1), dim=1)
        return change * moment.per_weight((radius - 1.0).abs().sqrt())

    def _compete(self, moment: Moment) -> Tensor:
        axis, groups = moment.layer.channel_axis, moment.layer.groups
        q = (moment.u * self.temperature).unflatten(axis, (groups, -1)).softmax(axis)
        wins = torch.zeros_like(q).scatter_(axis, q.argmax(axis, keepdim=True), 1.0)
        y: Tensor = (q * (2.0 * wins - 1.0)).flatten(axis - 1, axis)
        return y
