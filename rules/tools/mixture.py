"""Mixture of several rules in one layer, used to train a weight-sharing supernet.

    sends   K(g; sum_r p_r V_r) + sum_r p_r s_r        s_r: direct rules, which do not use g
    learns  sum_r p_r u_r,   u_r = C(x, g) or the rule's own update

The backward pass is linear in the feedback tensor, so all rules that send through one share a
single pass. The forward pass does not depend on the shares p. The backward pass does, and can be
differentiated with respect to them, which gives the effect of choosing a rule.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn
from torch.autograd import Function

from evonas.errors import RuleError
from evonas.rules.base import (
    AbstractFeedbackRule,
    AbstractRule,
    AbstractRuleLayer,
    AfterStep,
    Transport,
)
from evonas.rules.connect import rule_layers
from evonas.rules.direct.direct_feedback_alignment import DirectFeedbackAlignment
from evonas.rules.error_bus import ErrorBus
from evonas.rules.feedback.backprop import Backprop
from evonas.rules.own_update.own_update import AbstractOwnUpdateRule
from evonas.rules.wiring import Wiring

Kept = dict[str, Tensor | None]


@final
@dataclass(frozen=True, eq=False)
class Mixture(AbstractRule):
    """Rules and their shares in one layer.

    A mixture with the whole share on one rule is equivalent to that rule, except for the learning
    rate: an own update is scaled so that a step at ``learning_rate`` equals a step at the rule's
    own learning rate.

    Attributes:
        rules: any number of rules.
        shares: (rules,), non-negative with sum 1; may require a gradient.
        kept: the tensor that each rule keeps, keyed by the rule's name; see
            :func:`connect_mixtures`.
        learning_rate: learning rate of the optimiser.
        presence: weight of the layer's operation in a sum of several operations. The received
            signal is already scaled by it; signals and updates from other sources are scaled here.
    """

    rules: tuple[AbstractRule, ...]
    shares: Tensor
    kept: Mapping[str, Tensor | None]
    learning_rate: float
    presence: float = 1.0

    name: ClassVar[str] = "mixture"
    title: ClassVar[str] = "Mixture of rules"
    source: ClassVar[str] = "after the relaxation of Liu, Simonyan and Yang 2019, arXiv 1806.09055"
    equation: ClassVar[str] = "send = sum_r p_r send_r,  Delta W = sum_r p_r Delta_r W"
    transports: ClassVar[Transport] = "weights"
    sends: ClassVar[str] = "sum_r p_r send_r"
    updates: ClassVar[str] = "sum_r p_r update_r"
    cost: ClassVar[str] = "the feedback tensors of all rules, and one pass for their mean"
    limits: ClassVar[str] = (
        "the dependence of an own update on the received signal, as in btsp and pc, is not "
        "differentiated"
    )

    def run(self, layer: AbstractRuleLayer, inputs: Tensor) -> Tensor:
        """The outputs; the backward pass computes the signals and updates of all rules."""
        if not torch.is_grad_enabled():
            return layer.run_exactly(inputs)
        is_sent, is_learned = inputs.requires_grad, layer.training and layer.weight.requires_grad
        feedback = self.feedback(layer) if is_sent else layer.weight.detach()
        outputs = layer.run_through(inputs, feedback=feedback)
        direct = [
            (place, rule)
            for place, rule in enumerate(self.rules)
            if is_sent and isinstance(rule, DirectFeedbackAlignment)
        ]
        own = [
            (place, rule)
            for place, rule in enumerate(self.rules)
            if is_learned and isinstance(rule, AbstractOwnUpdateRule)
        ]
        if not direct and not own:
            return outputs
        bus = layer.connected.bus
        if any(rule.needs_error for _, rule in (*direct, *own)):
            bus.join(layer.number)
        context = _PassContext(self, layer, inputs.detach(), outputs.detach(), bus, not is_sent)
        heads = () if layer.head is None else layer.head.parameters()
        joined: Tensor = MixtureGradients.apply(
            outputs, inputs, layer.weight, self.shares, context, direct, own, *heads
        )
        return joined

    def feedback(self, layer: AbstractRuleLayer) -> Tensor:
        """The mean of the feedback tensors, weighted by the shares; direct rules have none."""
        mean = torch.zeros_like(layer.weight)
        for share, rule in zip(self.shares.to(mean).unbind(), self.rules, strict=True):
            if isinstance(rule, AbstractFeedbackRule | Backprop | AbstractOwnUpdateRule):
                layer.kept = self.kept.get(rule.name)
                mean = mean + share * rule.feedback(layer)
        if self.shares.requires_grad and not mean.requires_grad:
            mean.requires_grad_()  # with direct rules only; makes the backward pass differentiable
        return mean


@dataclass(frozen=True)
class _PassContext:
    """Context of one forward pass, from which direct signals and own updates are computed."""

    mixture: Mixture
    layer: AbstractRuleLayer
    x: Tensor
    z: Tensor
    bus: ErrorBus
    is_first: bool

    def signal(self, rule: DirectFeedbackAlignment, received: Tensor) -> Tensor:
        """The signal of a direct rule, of the shape of the inputs."""
        return self.mixture.presence * rule.sender(self.layer, self.x, self.bus)(received.detach())

    def learnt(
        self, rule: AbstractOwnUpdateRule, received: Tensor
    ) -> tuple[Tensor, Sequence[Tensor]]:
        """An own update in units of the gradient, minus the C(x, g) that it replaces.

        Also returns the gradients of the layer's head, if the rule has one.
        """
        self.layer.kept = self.mixture.kept.get(rule.name)
        inputs = self.x if self.is_first else self.x.clone().requires_grad_()
        learn = rule.learner(self.layer, inputs, self.z, self.bus)
        with torch.no_grad():
            own, *heads = learn(received.detach())
        scale = presence = self.mixture.presence
        if rule.own_learning_rate is not None:
            scale = presence * rule.own_learning_rate / self.mixture.learning_rate
        excess = scale * own - self.layer.correlate(self.x, received)
        return excess, [presence * head for head in heads]


class MixtureGradients(Function):
    """Passes the outputs through; backward adds the signals of direct rules and own updates."""

    @staticmethod
    def forward(
        outputs: Tensor,
        inputs: Tensor,  # noqa: ARG004
        weight: Tensor,  # noqa: ARG004
        shares: Tensor,  # noqa: ARG004
        context: _PassContext,  # noqa: ARG004
        direct: Sequence[tuple[int, DirectFeedbackAlignment]],  # noqa: ARG004
        own: Sequence[tuple[int, AbstractOwnUpdateRule]],  # noqa: ARG004
        *heads: Tensor,  # noqa: ARG004
    ) -> Tensor:
        """The outputs."""
        return outputs.view_as(outputs)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ARG004
        """Save the shares and the rules."""
        _, _, _, shares, ctx.context, ctx.direct, ctx.own, *heads = inputs
        ctx.num_heads = len(heads)
        ctx.save_for_backward(shares)

    @staticmethod
    def backward(ctx: Any, received: Tensor) -> tuple[Tensor | None, ...]:
        """The received signal for the layer, and the sums over direct rules and own updates."""
        (shares,) = ctx.saved_tensors
        weights = shares.to(received).unbind()
        sent = change = None
        if ctx.direct and ctx.needs_input_grad[1]:
            sent = _sum(weights[i] * ctx.context.signal(rule, received) for i, rule in ctx.direct)
        heads: list[Tensor | None] = [None] * ctx.num_heads
        if ctx.own and ctx.needs_input_grad[2]:
            learnt = [(weights[i], *ctx.context.learnt(rule, received)) for i, rule in ctx.own]
            change = _sum(share * excess for share, excess, _ in learnt)
            for share, _, of_heads in learnt:  # at most one rule has a head
                if of_heads:
                    heads = [share * each for each in of_heads]
        passed = received if ctx.needs_input_grad[0] else None
        return passed, sent, change, None, None, None, None, *heads


def _sum(terms: Any) -> Tensor:
    first, *rest = terms
    total: Tensor = first
    for term in rest:
        total = total + term
    return total


def connect_mixtures(
    network: nn.Module,
    rules: Sequence[AbstractRule],
    *,
    seed: int,
    num_classes: int | None = None,
) -> tuple[Wiring, dict[str, Kept]]:
    """Like :func:`evonas.rules.connect`, for layers that may get any mixture of ``rules``.

    Returns:
        The wiring, and the tensors that the rules keep, keyed by layer name and rule name.

    Raises:
        RuleError: one of the rules cannot be mixed.
    """
    check_mixable(rules)
    wiring = Wiring(
        seed=seed,
        needs_error=any(rule.needs_error for rule in rules),
        needs_weight_decay=any(rule.needs_weight_decay for rule in rules),
    )
    kept: dict[str, Kept] = {}
    for number, (name, layer) in enumerate(rule_layers(network).items()):
        layer.wiring = wiring
        layer.number = number
        kept[name] = {rule.name: rule.keep(layer) for rule in rules}
        heads = (rule.grow_head(layer, num_classes=num_classes) for rule in rules)
        layer.head = next((head for head in heads if head is not None), None)
        wiring.after_step += [
            AfterStep(rule, layer, kept[name][rule.name]) for rule in rules if rule.acts_after_step
        ]
    return wiring, kept


def check_mixable(rules: Sequence[AbstractRule]) -> None:
    """Reject rules whose signal and update cannot be mixed with others.

    Raises:
        RuleError: a rule derives from none of the kinds of rules that a mixture supports.
    """
    for rule in rules:
        if not isinstance(
            rule,
            AbstractFeedbackRule | Backprop | AbstractOwnUpdateRule | DirectFeedbackAlignment,
        ):
            raise RuleError(
                f"rule '{rule.name}' cannot share a layer with others in a supernet: expected a "
                "rule that derives from AbstractFeedbackRule, AbstractOwnUpdateRule or "
                "DirectFeedbackAlignment; leave it out of --rules, or search without a supernet"
            )
