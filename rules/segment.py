"""Consecutive modules that a rule may treat as one unit, with hidden values of its own."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import final

import torch
from torch import Tensor, nn

from evonas.rules.base import AbstractRule, AbstractRuleLayer

Stage = list[nn.Module]


class AbstractSegmentRule(AbstractRule):
    """A rule that treats all layers of a segment together."""

    @abstractmethod
    def run_segment(self, segment: "Segment", inputs: Tensor) -> Tensor:
        """The outputs of the segment, recorded so that the backward pass follows the rule."""


@final
class Segment(nn.Sequential):
    """``nn.Sequential``, unless all its rule layers have the same rule and it treats segments."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        """The modules one after another, (N, C, H, W) each; the rule decides the backward pass."""
        rule = self.segment_rule
        if rule is None or not torch.is_grad_enabled() or self.layers[0].connected.exact:
            return run_sequentially(self, input)
        return rule.run_segment(self, input)

    @property
    def layers(self) -> list[AbstractRuleLayer]:
        """The rule layers among the modules."""
        return [module for module in self if isinstance(module, AbstractRuleLayer)]

    @property
    def stages(self) -> list[Stage]:
        """The modules, split into stages of one rule layer each.

        A stage ends after the modules with parameters or buffers that follow its layer, such as
        its normalisation. Modules without any, such as an activation, belong to the next layer, or
        to the last layer if none follows.
        """
        stages: list[Stage] = [[]]
        for module in self:
            has_layer = any(isinstance(each, AbstractRuleLayer) for each in stages[-1])
            if has_layer and (isinstance(module, AbstractRuleLayer) or not _has_tensors(module)):
                stages.append([])
            stages[-1].append(module)
        *whole, last = stages
        if whole and not any(isinstance(each, AbstractRuleLayer) for each in last):
            whole[-1].extend(last)
            return whole
        return stages

    @property
    def segment_rule(self) -> AbstractSegmentRule | None:
        """The rule that treats all layers together; None if they run one after another."""
        layers = self.layers
        if not layers or not isinstance(layers[0].rule, AbstractSegmentRule):
            return None
        rule = layers[0].rule
        return rule if all(layer.rule == rule for layer in layers) else None


def run_sequentially(modules: Iterable[nn.Module], values: Tensor) -> Tensor:
    """The output of the modules, applied one after another."""
    for module in modules:
        values = module(values)
    return values


def _has_tensors(module: nn.Module) -> bool:
    """Whether a module has parameters or buffers."""
    return any(True for _ in module.parameters()) or any(True for _ in module.buffers())
