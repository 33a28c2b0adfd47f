"""Predictive coding: the values between the stages of a segment relax before the weights learn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, final, get_args

import torch
from torch import Tensor, nn
from torch.func import functional_call

from evonas.errors import RuleError
from evonas.rules.base import AbstractRuleLayer, Transport
from evonas.rules.own_update.own_update import (
    AbstractOwnUpdateRule,
    CustomGradients,
    Moment,
    Send,
)
from evonas.rules.own_update.relaxation import predict, relax, relax_errors
from evonas.rules.segment import AbstractSegmentRule, Segment, Stage, run_sequentially

Solver = Literal["states", "errors"]
SOLVERS: tuple[Solver, ...] = get_args(Solver)


@final
@dataclass(frozen=True)
class PredictiveCoding(AbstractOwnUpdateRule, AbstractSegmentRule):
    """Values v settle between their predictions and the nudge of the signal (``relaxation``).

    After ``steps`` sweeps of size ``step``, every stage of a :class:`Segment` learns from its
    error v_l - f_l(v_{l-1}), divided by gamma and averaged over the N images, and from its relaxed
    input v_{l-1}. The last stage learns from the received signal. The segment sends
    (x - v_0) / (gamma N). The layers of a convolution block of evonas form a segment: ReLU,
    convolution and normalisation are one stage.

    A single layer is a segment of one linear stage. All its steps have the same direction and are
    computed at once: v = x - r gamma K(G; W) with G = N g and r = 1 - (1 - step)^steps, so it
    learns C(v, g) and sends r K(g; W). Compared with back-propagation, the update has an extra
    term, -r gamma C(K(G; W), g), by which outputs with correlated errors repel each other. Images
    are held fixed, so the first layer learns C(x, g).

    Attributes:
        send: the rule whose feedback tensor replaces W in K, also between the stages; the theory
            uses ``bp``.
        gamma: strength of the nudge, above 0; the limit 0 is back-propagation.
        step: step size of the relaxation, below 2.
        steps: number of sweeps of the relaxation.
        solver: what the relaxation moves. ``states``: the values, each of which sees only its
            neighbours. ``errors``: the errors of the predictions, by back-propagation through the
            whole segment. Both have the same equilibrium, and are identical for a single layer.

    Raises:
        RuleError: an option is out of range.
    """

    send: Send = "bp"
    gamma: float = 0.1
    step: float = 0.5
    steps: int = 4
    solver: Solver = "states"

    name: ClassVar[str] = "pc"
    title: ClassVar[str] = "Predictive coding of one operation"
    source: ClassVar[str] = "Whittington and Bogacz 2017, Neural Computation 29"
    equation: ClassVar[str] = (
        "v descends |v_0 - x|^2 / 2 + sum |v_l - f_l(v_l-1)|^2 / 2 + gamma N g . f_L(v_L-1)"
    )
    transports: ClassVar[Transport] = "weights"
    sends: ClassVar[str] = "(x - v_0) / (gamma N); of one layer r K(g; W)"
    updates: ClassVar[str] = "C(v_l-1, (f_l - v_l) / (gamma N)), of the last layer C(v, g)"
    updates_first: ClassVar[str] = "C(x, g)"
    cost: ClassVar[str] = (
        "``steps`` + 1 forward and backward passes of the operation; for a single layer one "
        "transposed pass"
    )
    limits: ClassVar[str] = (
        "transports the weights; relaxes one operation, not the network; equals back-propagation "
        "for gamma to 0; the solver errors back-propagates within the operation"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.solver not in SOLVERS:
            raise RuleError(
                f"rule 'pc': expected solver to be one of {', '.join(SOLVERS)}, "
                f"got {self.solver!r}"
            )
        if not (self.gamma > 0.0 and self.step < 2.0 and self.steps >= 1):
            raise RuleError(
                "rule 'pc': expected gamma above 0, step below 2 and steps of at least 1, got "
                f"{self.gamma}, {self.step} and {self.steps}"
            )

    @property
    def transported(self) -> Transport:
        """What the sending rule transports; the weights for the solver ``errors``.

        Its authors no longer call it biologically plausible, because the errors move by a backward
        pass through all stages, whatever feedback tensor that pass uses.
        """
        return "weights" if self.solver == "errors" else super().transported

    def feedback(self, layer: AbstractRuleLayer) -> Tensor:
        """The feedback tensor of the sending rule, times r."""
        return self._tensor(layer) * (1.0 - (1.0 - self.step) ** self.steps)

    def gradients(self, moment: Moment) -> Sequence[Tensor]:
        """C(v, g), the update of a single layer."""
        if moment.is_first:
            return [moment.layer.correlate(moment.x, moment.g)]
        with torch.enable_grad():
            x = moment.x.detach().requires_grad_()
            outputs = moment.layer.run_through(
                x, feedback=self.feedback(moment.layer), learns=False
            )
            (sent,) = torch.autograd.grad(outputs, x, moment.g)
        relaxed = moment.x - self.gamma * len(sent) * sent
        return [moment.layer.correlate(relaxed, moment.g)]

    def run_segment(self, segment: Segment, inputs: Tensor) -> Tensor:
        """The outputs; the backward pass relaxes the values between the stages."""
        values = [inputs.detach()]
        with torch.no_grad():
            for stage in segment.stages:
                values.append(run_sequentially(stage, values[-1]))
        *values, outputs = values
        learning = _learning_parameters(segment)
        is_held = not inputs.requires_grad

        def learn(received: Tensor) -> Sequence[Tensor | None]:
            with torch.autocast(received.device.type, enabled=False):
                return self._learn(segment, values, received, learning, is_held=is_held)

        joined: Tensor = CustomGradients.apply(outputs, learn, inputs, *learning)
        return joined

    def _learn(
        self,
        segment: Segment,
        values: Sequence[Tensor],
        received: Tensor,
        learning: Sequence[Tensor],
        *,
        is_held: bool,
    ) -> Sequence[Tensor | None]:
        """The signal to send, and the gradients of the parameters."""
        first = segment.layers[0]
        # under autocast the values may be less precise than the relaxation needs
        values = [value.to(first.weight.dtype) for value in values]
        received = received.to(first.weight.dtype)
        num_images = 1 if values[0].dim() == -first.channel_axis else len(values[0])
        stages = [self._recorded(stage) for stage in segment.stages]
        solve = relax_errors if self.solver == "errors" else relax
        relaxed = solve(
            stages,
            values,
            num_images * received,
            gamma=self.gamma,
            step=self.step,
            steps=self.steps,
            is_held=is_held,
        )
        _, predictions = predict(stages, relaxed)
        share = 1.0 / (self.gamma * num_images)
        pushes = [
            share * (prediction.detach() - value)
            for prediction, value in zip(predictions[:-1], relaxed[1:], strict=True)
        ]
        learnt = torch.autograd.grad(
            predictions, learning, [*pushes, received], allow_unused=True
        ) if learning else ()  # fmt: skip
        return (None if is_held else share * (values[0] - relaxed[0])), *learnt

    def _recorded(self, stage: Stage) -> Callable[[Tensor], Tensor]:
        """The function of a stage, with the sending rule's feedback in its backward pass.

        Normalisation uses the batch statistics of its inputs, as in the forward pass, and its
        running averages are not updated.
        """
        feedback = {
            module: self._tensor(module)
            for module in stage
            if isinstance(module, AbstractRuleLayer)
        }

        def run(values: Tensor) -> Tensor:
            for module in stage:
                if isinstance(module, AbstractRuleLayer):
                    values = module.run_through(values, feedback=feedback[module])
                else:
                    buffers = {name: buffer.clone() for name, buffer in module.named_buffers()}
                    values = functional_call(module, buffers, values)
            return values

        return run

    def _tensor(self, layer: AbstractRuleLayer) -> Tensor:
        """The feedback tensor of the sending rule."""
        return AbstractOwnUpdateRule.feedback(self, layer)


def _learning_parameters(segment: Segment) -> list[nn.Parameter]:
    """The parameters to train; weights of rule layers change in training mode only."""
    resting = {id(layer.weight) for layer in segment.layers if not layer.training}
    return [
        parameter
        for parameter in segment.parameters()
        if parameter.requires_grad and id(parameter) not in resting
    ]
