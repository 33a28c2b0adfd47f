"""The contract of a learning rule: what a layer sends to its input, and what it learns from.

A rule is two choices. *send*: the signal that a layer passes to its input in the backward pass.
*update*: what it uses in place of the gradient of its own weights. Back-propagation sends K(g;
W), the received signal g through the transposed weights, and updates by C(x, g), the correlation
of input x and signal g.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, final

import torch
from torch import Tensor, nn

from evonas.errors import RuleError
from evonas.rules.autograd_functions import is_eager
from evonas.rules.scale import Scale, sigma
from evonas.rules.wiring import Wiring

Transport = Literal["weights", "signs", "nothing"]

# the class attributes without a default, which every rule must define
DESCRIPTIONS = (
    "name", "title", "source", "equation", "transports", "sends", "updates", "cost", "limits",
)  # fmt: skip


class AbstractRule(ABC):
    """How one layer learns: a frozen dataclass whose fields are the options of the rule.

    Attributes:
        name: key in ``RULES``, in genomes and in YAML.
        title: the name in the literature.
        source: author, year and where.
        equation: the rule in one line.
        transports: what the backward pass must know of the forward weights.
        sends: the choice of *send*, as a formula.
        updates: the choice of *update*, as a formula.
        updates_first: the *update* of a first layer, whose inputs are the images; empty if it
            equals ``updates``.
        cost: what it computes beyond back-propagation, in operations.
        limits: where it is known to fail, and what it requires.
        needs_error: whether the layer reads the error of the logits from the wiring.
        needs_weight_decay: whether the rule depends on the optimiser's weight decay.
        saves_kept: whether the kept tensor of a layer (see :meth:`keep`) belongs in its
            state_dict, because it changes in training.
        acts_after_step: whether the rule changes the kept tensor after each optimiser step.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    source: ClassVar[str]
    equation: ClassVar[str]
    transports: ClassVar[Transport]
    sends: ClassVar[str]
    updates: ClassVar[str]
    cost: ClassVar[str]
    limits: ClassVar[str]
    updates_first: ClassVar[str] = ""
    needs_error: ClassVar[bool] = False
    needs_weight_decay: ClassVar[bool] = False
    saves_kept: ClassVar[bool] = False
    acts_after_step: ClassVar[bool] = False

    @property
    def own_learning_rate(self) -> float | None:
        """The learning rate of this rule's weights; None for the optimiser's learning rate."""
        return None

    @property
    def transported(self) -> Transport:
        """What this rule transports, given its options."""
        return self.transports

    def for_readout(self) -> "AbstractRule":
        """The rule to use on the classifier, which has to learn from the labels."""
        return self

    @abstractmethod
    def run(self, layer: "AbstractRuleLayer", inputs: Tensor) -> Tensor:
        """The outputs of the layer, recorded so that the backward pass follows the rule.

        Args:
            layer: a layer under this rule.
            inputs: (N, C_in, H, W) or (C_in, H, W) for convolutions, (..., in) for linear layers.

        Raises:
            RuleError: the rule needs the wiring, and the layer is not connected.
        """

    @abstractmethod
    def feedback(self, layer: "AbstractRuleLayer") -> Tensor:
        """The tensor V through which the layer sends at this step, without gradient.

        Raises:
            RuleError: the rule needs the wiring, and the layer is not connected.
        """

    def keep(self, layer: "AbstractRuleLayer") -> Tensor | None:  # noqa: ARG002
        """A tensor to store when the layer is connected; None by default."""
        return None

    def act_after_step(  # noqa: B027 - most rules do nothing
        self, layer: "AbstractRuleLayer", kept: Tensor
    ) -> None:
        """Change ``kept`` in place, without a device-to-host copy; does nothing by default.

        Args:
            layer: a layer under this rule, whose weights have already been updated.
            kept: the tensor that :meth:`keep` returned for the layer.
        """

    def grow_head(
        self,
        layer: "AbstractRuleLayer",  # noqa: ARG002
        *,
        num_classes: int | None,  # noqa: ARG002
    ) -> nn.Module | None:
        """An auxiliary module that is trained together with the layer; None by default.

        Args:
            layer: a layer under this rule, already connected.
            num_classes: width of the logits; None if unknown.
        """
        return None


class AbstractFeedbackRule(AbstractRule):
    """A rule whose only change is to replace W by a feedback tensor V: it sends K(g; V)."""

    updates: ClassVar[str] = "C(x, g)"

    @final
    def run(self, layer: "AbstractRuleLayer", inputs: Tensor) -> Tensor:
        """The outputs; V is computed only if the inputs need a gradient."""
        if not (inputs.requires_grad and torch.is_grad_enabled()):
            return layer.run_exactly(inputs)
        return layer.run_through(inputs, feedback=self.current(layer))

    @final
    def current(self, layer: "AbstractRuleLayer") -> Tensor:
        """The result of :meth:`feedback` at this step, from the cache of the whole network.

        Call it once in each forward pass.
        """
        if not is_eager():
            return self.feedback(layer)  # to be traced or transformed
        wiring = layer.wiring or layer.connected
        return wiring.feedback_cache.feedback(layer, self, version=wiring.version)

    def feedbacks(self, layers: Sequence["AbstractRuleLayer"]) -> Sequence[Tensor]:
        """:meth:`feedback` of several layers of one wiring, bit-identical to single calls.

        All layers share a device and a dtype. Rules override it to compute all layers at once.
        """
        return [self.feedback(layer) for layer in layers]


class AbstractRuleLayer(nn.Module, ABC):
    """A layer with weights that learns by a rule: the interface that rules see.

    Attributes:
        rule: how it learns.
        weight: (out, in / groups, ...).
        groups: number of separate groups of channels; 1 for a linear layer.
        wiring: shared with the other layers of the network; None until it is connected.
        number: index of the layer in its network; part of the counter of its random numbers.
        kept: the tensor that the rule stored when the layer was connected. It moves with the layer
            to another device, and is in no state_dict unless the rule saves it.
        head: an auxiliary module that is trained together with the layer and takes no part in the
            network's forward pass; None for most rules.
        channel_axis: index of the channel axis of the outputs, counted from the last axis.
    """

    rule: AbstractRule
    weight: Tensor
    groups: int
    wiring: Wiring | None
    number: int
    kept: Tensor | None
    head: nn.Module | None
    channel_axis: ClassVar[int]

    @abstractmethod
    def run_exactly(self, inputs: Tensor) -> Tensor:
        """The outputs as torch computes and differentiates them."""

    @abstractmethod
    def run_through(self, inputs: Tensor, *, feedback: Tensor, learns: bool = True) -> Tensor:
        """The exact outputs; backward sends K(g; feedback) and, if ``learns``, updates C(x, g)."""

    @abstractmethod
    def correlate(self, inputs: Tensor, signal: Tensor) -> Tensor:
        """C(x, M), of the weight's shape, for inputs x and a tensor M shaped like the outputs."""

    @abstractmethod
    def projection_shape(self, num_errors: int) -> torch.Size:
        """Shape of a random projection from ``num_errors`` errors to the layer's input."""

    @abstractmethod
    def spread(self, projection: Tensor, *, input_shape: torch.Size) -> Tensor:
        """The signal to the input from a unit value of each error: (errors, *input_shape[1:])."""

    @property
    def connected(self) -> Wiring:
        """The wiring of the layer.

        Raises:
            RuleError: the layer is not connected.
        """
        if self.wiring is None:
            raise RuleError(
                f"a {type(self).__name__} under rule '{self.rule.name}' is not connected: "
                "call `connect(network, seed=...)` once the network is built"
            )
        return self.wiring

    def feedback(self) -> Tensor:
        """The tensor through which the layer sends at this step, for inspection."""
        return self.rule.feedback(self)

    def forward(self, inputs: Tensor) -> Tensor:
        """The outputs of the layer; the rule decides how they are differentiated."""
        if self.wiring is not None and self.wiring.exact:
            return self.run_exactly(inputs)
        return self.rule.run(self, inputs)

    def fixed_noise(self) -> Tensor:
        """Noise of the weight's shape, of unit root mean square, that never changes."""
        return self.connected.fixed_noise(self.number, like=self.weight, shape=self.weight.shape)

    def fresh_noise(self) -> Tensor:
        """Noise like :meth:`fixed_noise`, but redrawn after every optimiser step."""
        return self.connected.fresh_noise(self.number, like=self.weight, shape=self.weight.shape)

    def sigma(self, scale: Scale) -> float | Tensor:
        """The standard deviation sigma of the feedback of this layer."""
        return sigma(self.weight, groups=self.groups, scale=scale)


@final
@dataclass(frozen=True)
class AfterStep:
    """A callback that lets a rule change the kept tensor of one layer after an optimiser step.

    Attributes:
        rule: the rule of the layer, or one of several in a mixture.
        layer: the layer that keeps the tensor.
        kept: the tensor; None to look up ``layer.kept`` at each call, because moving the network
            to another device replaces it.
    """

    rule: AbstractRule
    layer: AbstractRuleLayer
    kept: Tensor | None = None

    def __call__(self) -> None:
        """Let the rule act."""
        kept = self.layer.kept if self.kept is None else self.kept
        if kept is not None:
            self.rule.act_after_step(self.layer, kept)
