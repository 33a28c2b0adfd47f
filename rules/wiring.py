"""State shared by the rule layers of one network: seed, optimiser step, error, decay.

A wiring is plain data, so a network can be deep-copied, pickled and moved between devices with it.
Random feedback is only cached; copies leave it out and recompute it from its counter.
"""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor

from evonas.errors import RuleError
from evonas.rules.autograd_functions import is_eager
from evonas.rules.error_bus import ErrorBus
from evonas.rules.feedback_cache import FeedbackCache
from evonas.rules.philox import Addresses
from evonas.rules.step_state import StepState

T = TypeVar("T")

# independent streams of random numbers for one layer and step
FEEDBACK_STREAM, MIRROR_STREAM, EXPANSION_STREAM = 0, 1, 2
DRAW_AHEAD = 131_072  # random numbers per call; smaller calls cost more per number, measured
MAX_STEPS_AHEAD = 64


class Wiring:
    """Seed, step, error bus, exact switch and Kolen-Pollack decay of one network.

    Created by :func:`evonas.rules.connect`. A training loop makes these calls::

        wiring.aim(labels)                            # for rules that learn from the targets
        logits = wiring.watch(network(images))        # networks of evonas call it themselves
        ...; optimiser.step()
        wiring.advance(learning_rate=0.1, momentum=0.9, weight_decay=5e-4)

    Attributes:
        seed: key of all random numbers.
        exact: whether all layers back-propagate exactly (:func:`evonas.rules.true_gradient`).
        step_state: step count and decay.
        version: number that changes whenever step or decay do.
        bus: carries the error of the current forward pass.
        feedback_cache: the feedback of all layers, computed together.
        has_kernels: whether kernels compute the feedback, and all direct signals at once.
        num_errors: width of the logits last watched; None until then.
        after_step: callbacks of the rules, called after each optimiser step.
    """

    def __init__(self, *, seed: int, needs_error: bool, needs_weight_decay: bool) -> None:
        self.seed = seed
        self.exact = False
        self.step_state = StepState()
        self.version = 0
        self.bus = ErrorBus()
        self.feedback_cache = FeedbackCache()
        self.has_kernels = False
        self.num_errors: int | None = None
        self.after_step: list[Callable[[], None]] = []
        self._needs_error = needs_error
        self._needs_weight_decay = needs_weight_decay
        self._has_overlap = False
        self._remembered: dict[Hashable, Any] = {}

    @property
    def step(self) -> int | Tensor:
        """Optimiser steps so far; accumulated backward passes do not count."""
        return self.step_state.step

    @property
    def decay(self) -> float | Tensor:
        """``a_t``, the remaining share of W_0 - B_0 under Kolen-Pollack."""
        return self.step_state.decay

    def aim(self, targets: Tensor) -> None:
        """Set the targets of the next forward pass, for rules that learn from them.

        Call it once before each forward pass; :meth:`watch` clears them.

        Args:
            targets: class indices (batch,), or probabilities (batch, classes), for example from
                label smoothing or mixup.
        """
        self.bus.targets = targets

    def watch(self, logits: Tensor) -> Tensor:
        """The same logits (batch, classes); their gradient reaches layers under direct feedback.

        Call it once for each forward pass, after all layers of this wiring have run. Each forward
        pass gets a new error bus, so that no stale error is ever used.

        Raises:
            RuleError: two forward passes ran before the logits of the first were watched.
        """
        self.num_errors = logits.shape[-1]
        is_learned_from = logits.requires_grad or self.bus.awaiting
        if self._needs_error and not self.exact and is_learned_from:
            if self._has_overlap and not self.bus.readers:
                raise RuleError(
                    "watch: layers under direct feedback ran twice before the last logits were "
                    "watched and not since: watch the logits of each forward pass before the next "
                    "one"
                )
            self._has_overlap = len(set(self.bus.readers)) < len(self.bus.readers)
            if self.bus.awaiting:
                logits = self.bus.join_logits(logits)
            if is_eager():
                logits.register_hook(self.bus.receive)
            self.bus = ErrorBus()
        self.bus.targets = None  # the next forward pass has other targets
        return logits

    def advance(
        self,
        *,
        learning_rate: float | Tensor,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        """Report one optimiser step and its settings to the rules.

        For SGD, pass the settings of ``torch.optim.SGD`` (coupled decay, no dampening). For AdamW,
        whose decay is decoupled, pass its learning rate and weight decay, and momentum 0. Adam
        with coupled decay cannot be expressed. The learning rate may be a scalar tensor.

        Raises:
            RuleError: a layer learns by Kolen-Pollack without weight decay, so it would never
                align; or layers under direct feedback ran compiled and no logits were watched.
        """
        if self.bus.awaiting:
            self.bus = ErrorBus()
            raise RuleError(
                "layers under direct feedback had no error to send: call "
                "`logits = wiring.watch(logits)` at the end of the forward pass"
            )
        if self._needs_weight_decay:
            if not weight_decay > 0.0:
                raise RuleError(
                    "rule 'kp' (or 'pfa') aligns by weight decay alone: expected weight_decay > 0,"
                    f" got {weight_decay}; set it (1e-3 or more early on) or choose another rule"
                )
            self.step_state.advance(
                learning_rate=learning_rate,
                momentum=momentum,
                weight_decay=weight_decay,
                nesterov=nesterov,
            )
        else:
            self.step_state.count()
        for act in self.after_step:
            act()
        self.version += 1

    def state(self) -> dict[str, float | int]:
        """The state that a resumed training must :meth:`restore`; the seed is not part of it."""
        return self.step_state.state()

    def restore(self, state: Mapping[str, float | int]) -> None:
        """Restore the state that :meth:`state` returned.

        Raises:
            RuleError: a value is missing or is not a finite number.
        """
        self.step_state.restore(state)
        self.version += 1

    def replace_decay(self, decay: float | Tensor) -> None:
        """Replace the decay, after all weights were replaced by a mean of earlier ones.

        Under Kolen-Pollack, W_t - B_t = a_t (W_0 - B_0). So if weights and feedback are averaged
        over steps alike, their difference belongs to the same average of a_t.

        Args:
            decay: average of a_t over the same steps, with the same shares.
        """
        self.step_state.replace_decay(decay)
        self.version += 1

    def to_tensors(self, device: torch.device | str, *, has_kernels: bool = False) -> None:
        """Store step and decay in tensors on ``device``, which :meth:`advance` changes in place.

        A training step that was captured as a CUDA graph together with ``advance`` then advances
        them at every replay, and a compiled step is not recompiled. Random numbers are unchanged.

        Args:
            device: device of the layers.
            has_kernels: whether kernels compute the feedback of all feedback rules in one launch
                (bit-identical; for weights in one storage), and the signals of each direct rule
                to all its layers in two.
        """
        self.step_state.to_tensors(device)
        self.feedback_cache = FeedbackCache(has_kernels=has_kernels)
        self.has_kernels = has_kernels
        self.version += 1

    def to_numbers(self) -> None:
        """Store step and decay in Python numbers again, which the host reads faster."""
        self.step_state.to_numbers()
        self.feedback_cache = FeedbackCache()
        self.has_kernels = False
        self.version += 1

    def fixed_noise(
        self, layer: int, *, like: Tensor, shape: torch.Size, stream: int = FEEDBACK_STREAM
    ) -> Tensor:
        """Constant noise of unit root mean square, with dtype and device of ``like``.

        Different streams give independent noise.
        """

        def draw() -> Tensor:
            addresses = Addresses([shape.numel()], layers=[layer], device=like.device)
            first = torch.arange(1, device=like.device)
            return self._draw(addresses, first, like, stream).view(shape)

        return self.remember(("fixed", layer, shape, like.device, like.dtype, stream), draw)

    def fresh_noise(self, layer: int, *, like: Tensor, shape: torch.Size) -> Tensor:
        """Noise redrawn after every optimiser step; equals :meth:`fixed_noise` at step 0."""
        return self.fresh_noises([layer], like=like, counts=[shape.numel()]).view(shape)

    def fresh_noises(
        self,
        layers: Sequence[int],
        *,
        like: Tensor,
        counts: Sequence[int],
        stream: int = FEEDBACK_STREAM,
    ) -> Tensor:
        """The fresh noise of several layers, concatenated: (sum of the counts,).

        Different streams give independent noise.
        """
        place = (tuple(layers), tuple(counts), like.device)
        addresses = self.remember(
            ("addresses", *place),
            lambda: Addresses(counts, layers=layers, device=like.device),
        )
        step = self.step_state.step
        if isinstance(step, Tensor):
            return self._draw(addresses, step.view(1), like, stream)[0]
        ahead = max(1, min(MAX_STEPS_AHEAD, DRAW_AHEAD // sum(counts)))
        first = step // ahead * ahead
        key = ("fresh", *place, like.dtype, stream)
        known: tuple[int, Tensor] | None = self._remembered.get(key)
        if known is None or known[0] != first:
            steps = torch.arange(first, first + ahead, device=like.device)
            known = self._remembered[key] = (first, self._draw(addresses, steps, like, stream))
        return known[1][step - first]

    def remember(self, key: Hashable, make: Callable[[], T]) -> T:
        """The result of ``make``, computed once per key; copies of the wiring recompute it."""
        if key not in self._remembered:
            self._remembered[key] = make()
        found: T = self._remembered[key]
        return found

    def _draw(
        self, addresses: Addresses, steps: Tensor, like: Tensor, stream: int = FEEDBACK_STREAM
    ) -> Tensor:
        dtype = torch.float64 if like.dtype == torch.float64 else torch.float32
        numbers = addresses.uniform(steps, seed=self.seed, stream=stream, dtype=dtype)
        return numbers.mul_(math.sqrt(3.0)).to(like.dtype)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_remembered": {}}
