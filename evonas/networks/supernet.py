"""Supernet: every operation of a space on every edge, with weights that all genomes share.

It is built from the blocks of :func:`evonas.networks.build`, so a genome in it computes and learns
the same as its own network with the same weights. An edge between two nodes has one module for
each operation, whatever the other genes are.
"""

from collections.abc import Mapping, Sequence
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from evonas.errors import SpaceError
from evonas.networks.mixed_cell import MixedCell, placeholder_rule
from evonas.networks.skeleton import SkeletonBuilder, SkeletonParts, check_image_size
from evonas.networks.style import Style
from evonas.networks.supernet_selection import RuleShares, Selection
from evonas.rules import (
    AbstractRule,
    AbstractRuleLayer,
    RuleLinear,
    Wiring,
    all_rules,
    rule_layers,
)
from evonas.rules.segment import AbstractSegmentRule
from evonas.rules.tools.mixture import Kept, Mixture, check_mixable, connect_mixtures
from evonas.space import Space


@final
class Supernet(nn.Module):
    """Maps images in [0, 1] to logits, for any :class:`Selection` of its space.

    Attributes:
        space: search space, all of whose genomes the supernet can run.
        wiring: state shared by its rule layers.
        learning_rate: learning rate of the optimiser; updates of rules with their own learning
            rate are rescaled to it.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        space: Space,
        *,
        input_shape: tuple[int, int, int],
        num_classes: int,
        seed: int,
        learning_rate: float,
        mean: Sequence[float] | None = None,
        deviation: Sequence[float] | None = None,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        """Draw all weights with torch's default initialisation.

        Args:
            space: search space, resized to the size of the supernet.
            input_shape: channels, height and width of the images.
            num_classes: width of the logits.
            seed: seed of the weights and of the rules' feedback.
            learning_rate: see the attribute.
            mean: mean of each channel, for the normalisation; 0 by default.
            deviation: standard deviation of each channel, for the normalisation; 1 by default.
            device: device; fixed here, because tensors kept by rules do not move with the network.
            dtype: dtype of the weights, fixed for the same reason.

        Raises:
            SpaceError: the images are too small for the space, or genomes choose properties that
                a supernet cannot share (:func:`check_shareable`).
            RuleError: a rule of the space cannot be mixed with others.
        """
        super().__init__()
        check_image_size(space, input_shape)
        check_shareable(space)
        self.space = space
        self.learning_rate = learning_rate
        self._rules = [all_rules()[name]() for name in space.rule_choices]
        check_mixable(self._rules)
        # torch's layers draw from the global generator: seed it, and restore it afterwards
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            parts = _parts(space, input_shape, num_classes)
        self.body = nn.ModuleDict(parts.body)
        self.head = parts.head
        self.classifier: RuleLinear = parts.classifier
        channels = input_shape[0]
        for name, values in (
            ("mean", mean or [0.0] * channels),
            ("deviation", deviation or [1.0] * channels),
        ):
            self.register_buffer(name, torch.tensor(values).view(1, -1, 1, 1), persistent=False)
        self.to(device, dtype)
        self._names = {id(layer): name for name, layer in rule_layers(self).items()}
        self.wiring: Wiring
        self._kept: dict[str, Kept]
        self.wiring, self._kept = connect_mixtures(
            self, self._all_rules(), seed=seed, num_classes=num_classes
        )

    def forward(self, images: Tensor, selection: Selection) -> Tensor:
        """Maps (N, C, H, W) in [0, 1] to logits (N, classes); assigns the selected rules first."""
        self.assign_rules(selection)
        before = value = (images - self.mean) / self.deviation
        for name, module in self.body.items():
            if name == "stem":
                before = value = module(value)
            elif not isinstance(module, MixedCell):
                before, value = value, module(value)
            elif module.inputs == 2:
                before, value = value, module(selection, before, value)
            else:
                before, value = value, module(selection, value)
        features = F.adaptive_avg_pool2d(self.head(value), 1).flatten(1)
        return self.wiring.watch(self.classifier(features))

    def assign_rules(self, selection: Selection) -> None:
        """Assign its rules to every layer that the selection runs."""
        for position in self.space.positions:
            if position.kind == "classifier":
                indices, shares = selection.rules["classifier"]
                readouts = tuple(self._rules[index].for_readout() for index in indices)
                self._assign_to_layer(self.classifier, readouts, shares)
                continue
            module = self.body[position.name.replace(".", "_")]
            if not isinstance(module, MixedCell):
                self._assign(module, selection.rules[position.name])
                continue
            for index, prepare in enumerate(module.preprocess):
                site = f"{position.name}.preprocess{index}"
                self._assign(prepare, selection.rules.get(site))
            for target, terms in enumerate(
                selection.cells[position.cell or ""], start=module.inputs
            ):
                for term in terms:
                    operation = module.operation(term.source, target, term.operation)
                    presence = 1.0 if term.weight is None else float(term.weight.detach())
                    share = selection.of_edge(position, target, term)
                    self._assign(operation, share, presence=presence)

    def kept_state(self) -> dict[str, Tensor]:
        """Copies of the kept tensors that rules change in training, for :meth:`restore_kept`."""
        changing = {rule.name for rule in self._all_rules() if rule.saves_kept}
        return {
            f"{layer}/{rule}": value.clone()
            for layer, kept in self._kept.items()
            for rule, value in kept.items()
            if value is not None and rule in changing
        }

    def restore_kept(self, state: Mapping[str, Tensor]) -> None:
        """Restore the kept tensors from the result of :meth:`kept_state`."""
        for name, value in state.items():
            layer, _, rule = name.rpartition("/")
            held = self._kept[layer][rule]
            assert held is not None
            held.copy_(value)

    def _assign(
        self, module: nn.Module, share: RuleShares | None, *, presence: float = 1.0
    ) -> None:
        if share is None:
            return
        indices, shares = share
        rules = tuple(self._rules[index] for index in indices)
        for layer in rule_layers(module).values():
            self._assign_to_layer(layer, rules, shares, presence=presence)

    def _assign_to_layer(
        self,
        layer: AbstractRuleLayer,
        rules: tuple[AbstractRule, ...],
        shares: Tensor,
        *,
        presence: float = 1.0,
    ) -> None:
        if len(rules) == 1 and isinstance(rules[0], AbstractSegmentRule):
            layer.rule = rules[0]  # a mixture would apply it to one layer at a time
            return
        kept = self._kept[self._names[id(layer)]]
        layer.rule = Mixture(rules, shares, kept, self.learning_rate, presence)

    def _all_rules(self) -> list[AbstractRule]:
        """The rules of the space and their readout versions, without duplicate names."""
        rules = [*self._rules, *(rule.for_readout() for rule in self._rules)]
        return list({rule.name: rule for rule in reversed(rules)}.values())


def check_shareable(space: Space) -> None:
    """Reject spaces whose genomes differ in more than operations, inputs and rules.

    Raises:
        SpaceError: genomes choose widths, depths, the activation or the normalisation.
    """
    if space.has_macro_genes:
        names = [g.name for g in space.genes if g.kind not in ("operation", "inputs", "rule")]
        raise SpaceError(
            f"space '{space.name}': genomes choose {', '.join(names)}, but a supernet can share "
            "its weights only among networks of one shape; choose an engine and signals without "
            "one (such as --algorithm nsga2 without --mutation eg), or fix these values in the "
            "YAML"
        )


def _parts(space: Space, input_shape: tuple[int, int, int], num_classes: int) -> SkeletonParts:
    spec = space.spec
    style = Style(spec.activation.choices[0], spec.normalisation.choices[0])
    return SkeletonBuilder(
        space,
        positions=space.positions,
        rule=placeholder_rule,
        cell=lambda position, preprocess, given_channels: MixedCell(
            space.graphs[position.cell or ""],
            preprocess=preprocess,
            position=position,
            given_channels=given_channels,
            style=style,
        ),
        input_shape=input_shape,
        num_classes=num_classes,
        style=style,
    ).build()
