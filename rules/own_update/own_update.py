"""Base classes of rules with their own three-factor update (Gerstner et al. 2018).

    Delta W = C(phi(x), M) - rho W

phi(x) is the presynaptic factor, M the postsynaptic one, and a third factor may gate both. C is
torch's pass for a weight gradient, with M instead of g, so it handles groups, strides and
dilation. -Delta W is stored as the gradient of the weight, so any optimiser can apply it.
W. Gerstner, M. Lehmann, V. Liakoni, D. Corneil and J. Brea, "Eligibility traces and plasticity on
behavioral time scales", 2018.
"""

import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, final

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from evonas.errors import RuleError
from evonas.rules.autocast import autocast_dtype
from evonas.rules.autograd_functions import CustomInputGradient
from evonas.rules.base import AbstractRule, AbstractRuleLayer, Transport
from evonas.rules.error_bus import ErrorBus
from evonas.rules.feedback.backprop import Backprop
from evonas.rules.feedback.feedback_alignment import FeedbackAlignment
from evonas.rules.feedback.uniform_sign import UniformSign

Send = Literal["usf", "fa", "bp", "none"]
# the learning rates of these rules were chosen with signals of this scale
SENDERS: dict[str, AbstractRule | None] = {
    "usf": UniformSign(scale="group"),
    "fa": FeedbackAlignment(scale="group"),
    "bp": Backprop(),
    "none": None,
}


@dataclass(frozen=True)
class Moment:
    """What a rule may use in the backward pass of one layer, in the dtype of its weight.

    Attributes:
        layer: the layer whose weight will change.
        x: the inputs, (batch, ...).
        u: the outputs without the bias, (batch, ...).
        g: the signal received for the outputs, of their shape: the gradient of the loss as passed
            on by the rules of the layers above.
        bus: the error bus of this forward pass, which has the targets.
        is_first: whether no layer below this one learns.
        autocast: dtype of autocast in the forward pass; None without autocast. A rule whose update
            is dominated by convolutions may compute them in it.
    """

    layer: AbstractRuleLayer
    x: Tensor
    u: Tensor
    g: Tensor
    bus: ErrorBus
    is_first: bool
    autocast: torch.dtype | None = None

    @property
    def num_events(self) -> int:
        """Number of outputs of each unit: images times positions."""
        return self.u.numel() // self.layer.weight.shape[0]

    @property
    def energy(self) -> Tensor:
        """Mean squared length of the input patch of a unit, above zero.

        A scalar; in a layer with groups, which see different channels, one number for each unit,
        shaped to broadcast against the weight.
        """
        fan_in, groups = self.layer.weight[0].numel(), self.layer.groups
        least = torch.finfo(self.x.dtype).tiny
        if groups == 1:
            return (self.x.square().mean() * fan_in).clamp_min(least)
        axis = self.layer.channel_axis
        seen = self.x.square().unflatten(axis, (groups, -1)).movedim(axis - 1, 0)
        energies = (seen.flatten(1).mean(1) * fan_in).clamp_min(least)
        units = self.layer.weight.shape[0] // groups
        return self.per_weight(energies.repeat_interleave(units, output_size=groups * units))

    def three_factor(self, pre: Tensor, post: Tensor, *, decay: Tensor) -> Tensor:
        """C(pre, post) - decay W, of the weight's shape; ``decay`` is (channels,)."""
        weight = self.layer.weight.detach()
        return self.layer.correlate(pre, post) - self.per_weight(decay) * weight

    def per_unit(self, values: Tensor) -> Tensor:
        """Sum over images and positions: (channels,)."""
        return values.movedim(self.layer.channel_axis, 0).flatten(1).sum(1)

    def per_output(self, numbers: Tensor) -> Tensor:
        """Reshape ``numbers`` (channels,) to broadcast against the outputs."""
        return _per_output(self.layer, numbers)

    def per_weight(self, numbers: Tensor) -> Tensor:
        """Reshape ``numbers`` (channels,) to broadcast against the weight."""
        return numbers.view(-1, *[1] * (self.layer.weight.dim() - 1))


@dataclass(frozen=True)
class AbstractOwnUpdateRule(AbstractRule):
    """A rule that updates its weight by its own equation, and sends like another rule.

    The weight changes in training mode only. A bias still learns from the sum of g.

    Attributes:
        send: the rule by which the signal is sent to the input; ``none`` sends zeros, so layers
            below learn nothing about the task through this layer.

    Raises:
        RuleError: ``send`` is not in ``SENDERS``, or a numerical option is negative or infinite.
    """

    send: Send = "usf"

    def __post_init__(self) -> None:
        if self.send not in SENDERS:
            raise RuleError(
                f"rule '{self.name}': expected send to be one of {', '.join(SENDERS)}, "
                f"got {self.send!r}"
            )
        for option in fields(self):
            value = getattr(self, option.name)
            if not isinstance(option.default, str) and not 0.0 <= value < math.inf:
                raise RuleError(
                    f"rule '{self.name}': expected {option.name} to be a number of at least 0, "
                    f"got {value!r}"
                )

    @abstractmethod
    def gradients(self, moment: Moment) -> Sequence[Tensor]:
        """-Delta W, used as the weight's gradient, and the gradients of the layer's head."""

    @property
    def transported(self) -> Transport:
        """What the sending rule transports; the update itself is local to the synapse."""
        sender = SENDERS[self.send]
        return "nothing" if sender is None else sender.transports

    def feedback(self, layer: AbstractRuleLayer) -> Tensor:
        """The feedback tensor of the sending rule; zeros for ``none``."""
        sender = SENDERS[self.send]
        if sender is None:
            return torch.zeros_like(layer.weight)
        return sender.feedback(layer)

    def for_readout(self) -> AbstractRule:
        """The sending rule, or ``usf`` for ``none``: an unsupervised rule learns no classes.

        Its options are the defaults, so that all choices that train a classifier alike count as
        one.
        """
        sender = SENDERS[self.send]
        return UniformSign() if sender is None else type(sender)()

    @final
    def run(self, layer: AbstractRuleLayer, inputs: Tensor) -> Tensor:
        """The outputs; the backward pass sends the signal and computes the update."""
        if not torch.is_grad_enabled():
            return layer.run_exactly(inputs)
        outputs = self._run_sending(layer, inputs)
        if not (layer.training and layer.weight.requires_grad):
            return outputs
        bus = layer.connected.bus
        if self.needs_error:
            bus.join(layer.number)
        learn = self.learner(layer, inputs, outputs, bus)
        heads = () if layer.head is None else layer.head.parameters()
        joined: Tensor = CustomGradients.apply(outputs, learn, layer.weight, *heads)
        return joined

    @final
    def learner(
        self, layer: AbstractRuleLayer, inputs: Tensor, outputs: Tensor, bus: ErrorBus
    ) -> Callable[[Tensor], Sequence[Tensor]]:
        """The result of :meth:`gradients` as a function of the received signal."""
        x, z, is_first = inputs.detach(), outputs.detach(), not inputs.requires_grad
        autocast = autocast_dtype(inputs.device)

        def learn(received: Tensor) -> Sequence[Tensor]:
            x_, u, g = (_as_batch(layer, tensor) for tensor in (x, z, received))
            u = without_bias(layer, u)
            return self.gradients(Moment(layer, x_, u, g, bus, is_first, autocast))

        return learn

    def _run_sending(self, layer: AbstractRuleLayer, inputs: Tensor) -> Tensor:
        if inputs.requires_grad and self.send != "none":
            return layer.run_through(inputs, feedback=self.feedback(layer), learns=False)
        weight = layer.weight.detach()  # a placeholder: the feedback is not used
        outputs = layer.run_through(inputs.detach(), feedback=weight, learns=False)
        if not inputs.requires_grad:
            return outputs
        # zeros instead of None, because the layers below learn in their backward pass
        joined: Tensor = CustomInputGradient.apply(
            outputs, inputs, lambda _: torch.zeros_like(inputs)
        )
        return joined


def without_bias(layer: AbstractRuleLayer, outputs: Tensor) -> Tensor:
    """The outputs without the bias of the layer."""
    bias: Tensor | None = getattr(layer, "bias", None)
    return outputs if bias is None else outputs - _per_output(layer, bias.detach())


def with_bias(layer: AbstractRuleLayer, u: Tensor) -> Tensor:
    """The outputs of the layer from ``u``, its outputs without the bias."""
    bias: Tensor | None = getattr(layer, "bias", None)
    return u if bias is None else u + _per_output(layer, bias.detach())


def _per_output(layer: AbstractRuleLayer, numbers: Tensor) -> Tensor:
    return numbers.view(-1, *[1] * (-layer.channel_axis - 1))


def _as_batch(layer: AbstractRuleLayer, values: Tensor) -> Tensor:
    """The values in the dtype of the weight; a single image becomes a batch of one."""
    if values.dim() == -layer.channel_axis:
        values = values.unsqueeze(0)
    return values.to(layer.weight.dtype)


class CustomGradients(Function):
    """Passes the outputs through; a function computes the gradients of other tensors."""

    @staticmethod
    def forward(
        outputs: Tensor,
        learn: Callable[[Tensor], Sequence[Tensor | None]],  # noqa: ARG004
        *tensors: Tensor,  # noqa: ARG004
    ) -> Tensor:
        """The outputs."""
        return outputs.view_as(outputs)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ARG004
        """Save the function."""
        ctx.learn = inputs[1]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, received: Tensor) -> tuple[Tensor | None, ...]:
        """The received signal for the outputs, and the gradients that the function returns.

        Trailing tensors for which the function returns no gradient get None: in a supernet, the
        head of a layer exists even when its rule is not in use.
        """
        passed = received if ctx.needs_input_grad[0] else None
        learnt = ctx.learn(received)
        rest = len(ctx.needs_input_grad) - 2 - len(learnt)
        return passed, None, *learnt, *[None] * rest
