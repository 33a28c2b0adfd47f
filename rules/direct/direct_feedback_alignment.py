"""Direct feedback alignment: the error is sent directly to every layer (Nokland 2016).

For a convolution, the error e (batch, classes) is placed at every output position and passed back
through a fixed random kernel B (classes, C_in, k, k). That equals e P with a constant P, computed
once per input size, so nothing passes back through the layer itself. For a linear layer it is e B.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from evonas.errors import RuleError
from evonas.rules.autograd_functions import CustomInputGradient, apply, is_eager
from evonas.rules.base import AbstractRule, AbstractRuleLayer, Transport
from evonas.rules.error_bus import ErrorBus
from evonas.rules.kernels.layer_projection import LayerProjection
from evonas.rules.scale import sigma

Norm = Literal["none", "hw", "rms"]
NORMS: tuple[Norm, ...] = ("none", "hw", "rms")


@dataclass(frozen=True)
class DirectFeedbackAlignment(AbstractRule):
    """Sends e P instead of the signal it receives; its own weights learn from the received signal.

    So the rule of a layer determines how the layers *below* it learn, as for every other rule.

    Attributes:
        norm: scale of the signal sent. ``none``: e P. ``hw``: divided by the number of output
            positions, as in back-propagation through global average pooling. ``rms``: scaled to
            the root mean square of the received signal, which is otherwise not used.

    Raises:
        RuleError: ``norm`` is not in ``NORMS``.
    """

    norm: Norm = "hw"

    name: ClassVar[str] = "dfa"
    title: ClassVar[str] = "Direct feedback alignment"
    source: ClassVar[str] = "Nokland 2016, arXiv 1609.01596"
    equation: ClassVar[str] = "send = e P,  P = K(1; B),  B ~ U(-sqrt(3) sigma, sqrt(3) sigma)"
    transports: ClassVar[Transport] = "nothing"
    sends: ClassVar[str] = "e P"
    updates: ClassVar[str] = "C(x, g)"
    cost: ClassVar[str] = (
        "batch x classes x inputs products instead of the pass back through the layer, so less"
        " than back-propagation; stores classes x inputs numbers"
    )
    limits: ClassVar[str] = (
        "assigns no credit to positions in an image; poor on deep or narrow convolutional networks"
        " (Launay et al. 2019, Refinetti et al. 2021)"
    )
    needs_error: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.norm not in NORMS:
            raise RuleError(
                f"rule '{self.name}': expected norm to be one of {', '.join(NORMS)}, "
                f"got {self.norm!r}"
            )

    def run(self, layer: AbstractRuleLayer, inputs: Tensor) -> Tensor:
        """The outputs; they are detached from the input, which gets its signal from the error."""
        if not (torch.is_grad_enabled() and inputs.requires_grad):
            return layer.run_exactly(inputs)
        bus = layer.connected.bus.join(layer.number)  # the bus of this forward pass
        if not is_eager():
            return self._run_traced(layer, inputs, bus)
        outputs = layer.run_exactly(inputs.detach())
        send = self._sender_to_all(layer, inputs, outputs, bus)
        return apply(CustomInputGradient, outputs, inputs, send or self.sender(layer, inputs, bus))

    def _run_traced(self, layer: AbstractRuleLayer, inputs: Tensor, bus: ErrorBus) -> Tensor:
        """The outputs; the input is connected to the logits once they are watched."""
        if self.norm == "rms":
            raise RuleError(
                f"rule '{self.name}': norm 'rms' follows the signal received, which compiled and "
                "transformed layers do not have: choose norm 'hw' or 'none'"
            )
        if bus.readers.count(layer.number) > 1:
            bus.awaiting.clear()
            raise RuleError(
                f"rule '{self.name}': a compiled or transformed layer ran twice before its logits "
                "were watched: watch the logits of each forward pass, and use each layer once"
            )
        outputs = layer.run_exactly(inputs.detach())
        input_shape, dtype, num_outputs = inputs.shape, inputs.dtype, outputs.numel()

        def prepare(num_errors: int) -> Callable[[ErrorBus], Tensor]:
            projection = self._projection(layer, num_errors, input_shape)

            def send(known: ErrorBus) -> Tensor:
                error = known.once(self, self.error)
                return self._project(layer, error, projection, num_outputs, input_shape).to(dtype)

            return send

        bus.awaiting.append((inputs, prepare))
        return outputs

    def sender(
        self, layer: AbstractRuleLayer, inputs: Tensor, bus: ErrorBus
    ) -> Callable[[Tensor], Tensor]:
        """The signal to these inputs, as a function of the signal received."""
        input_shape, dtype = inputs.shape, inputs.dtype

        def send(received: Tensor) -> Tensor:
            return self._signal(layer, bus.once(self, self.error), received, input_shape).to(dtype)

        return send

    def _sender_to_all(
        self, layer: AbstractRuleLayer, inputs: Tensor, outputs: Tensor, bus: ErrorBus
    ) -> Callable[[Tensor], Tensor] | None:
        """Like :meth:`sender`, by kernels for all layers at once; None if they do not apply."""
        if not layer.connected.has_kernels or self.norm == "rms":
            return None
        together = bus.once(("together", self), lambda _: LayerProjection())
        place = together.join(layer, inputs, outputs)
        if place is None:
            return None

        batch = inputs.shape[0]

        def send(_: Tensor) -> Tensor:
            error = self._checked(bus.once(self, self.error), batch)
            return together.signal(
                place, error, kernel_of=lambda of: self._kernel(of, error.shape[1]),
                is_averaged=self.norm == "hw", key=(self, error.shape[1]),
            )  # fmt: skip

        return send

    def error(self, bus: ErrorBus) -> Tensor:
        """The vector that is projected, (batch, classes); direct rules differ only in this.

        Raises:
            RuleError: the error is not known, or the targets are needed and not known.
        """
        return bus.read()

    def feedback(self, layer: AbstractRuleLayer) -> Tensor:
        """B, (classes, C_in, k, k) or (classes, inputs).

        Raises:
            RuleError: no logits have been watched, so the number of classes is not known yet.
        """
        num_errors = layer.connected.num_errors
        if num_errors is None:
            raise RuleError(
                f"rule '{self.name}' learns the number of classes from the logits: call "
                "`wiring.watch(network(images))` once before asking for the feedback"
            )
        return self._kernel(layer, num_errors)

    def _kernel(self, layer: AbstractRuleLayer, num_errors: int) -> Tensor:
        shape = layer.projection_shape(num_errors)
        noise = layer.connected.fixed_noise(layer.number, like=layer.weight, shape=shape)
        return noise * sigma(noise, scale="group")

    def _signal(
        self, layer: AbstractRuleLayer, error: Tensor, received: Tensor, input_shape: torch.Size
    ) -> Tensor:
        self._checked(error, input_shape[0])
        projection = self._projection(layer, error.shape[1], input_shape)
        sent = self._project(layer, error, projection, received.numel(), input_shape)
        if self.norm == "rms":
            return sent * (_rms(received) / _rms(sent).clamp_min(torch.finfo(sent.dtype).tiny))
        return sent

    def _checked(self, error: Tensor, batch: int) -> Tensor:
        if error.dim() != 2 or error.shape[0] != batch:
            raise RuleError(
                f"rule '{self.name}': expected logits of shape (batch, classes) with the layer's "
                f"batch of {batch}, got {tuple(error.shape)}"
            )
        return error

    def _projection(
        self, layer: AbstractRuleLayer, num_errors: int, input_shape: torch.Size
    ) -> Tensor:
        """P, (errors, *input_shape[1:])."""
        return layer.connected.remember(
            (
                "projection", layer.number, num_errors, input_shape[1:], layer.weight.device,
                layer.weight.dtype,
            ),
            # contiguous, because otherwise every step would copy it to multiply by it
            lambda: layer.spread(
                self._kernel(layer, num_errors), input_shape=input_shape
            ).contiguous(),
        )  # fmt: skip

    def _project(
        self,
        layer: AbstractRuleLayer,
        error: Tensor,
        projection: Tensor,
        num_outputs: int,
        input_shape: torch.Size,
    ) -> Tensor:
        dtype = projection.dtype
        sent = (error.to(dtype) @ projection.flatten(1)).view(-1, *projection.shape[1:])
        if sent.dim() < len(input_shape):  # a linear layer sends the same to all positions
            between = [1] * (len(input_shape) - sent.dim())
            sent = sent.view(sent.shape[0], *between, sent.shape[-1]).expand(input_shape)
        if self.norm == "hw":
            return sent * (input_shape[0] * layer.weight.shape[0] / num_outputs)
        return sent


def _rms(values: Tensor) -> Tensor:
    return values.square().mean().sqrt()
