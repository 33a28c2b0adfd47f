"""Auxiliary head: a second classifier at two thirds of the depth, used only in training."""

from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from evonas.errors import ConfigError
from evonas.evaluation.training.training_step import AbstractAddition
from evonas.networks import Network
from evonas.networks.blocks import convolution
from evonas.networks.cell import Cell
from evonas.networks.linear import PixelsToUnits
from evonas.networks.normalisation import BatchNorm
from evonas.rules import AbstractRule, RuleConv2d, RuleLinear, Wiring, connect

WIDTHS = (128, 768)
POOL = 5  # pixels: side of the window of DARTS


@final
class AuxiliaryHead(AbstractAddition):
    """Adds the loss of a second classifier, which is not saved, counted or used at test time.

    Its input is the output of the cell at two thirds of the depth. Its layers are ReLU, average
    pooling to 2x2, a 1x1 convolution to 128 channels, a 2x2 convolution to 768 channels and a
    linear classifier, with batch normalisation and ReLU after each convolution (Liu, Simonyan and
    Yang 2019, DARTS, and its code). They learn by the rule of the network's own classifier, with
    a wiring of their own.

    Args:
        network: network of cells; a forward hook observes it until :meth:`release`.
        input_shape: channels, height and width of the images.
        num_classes: number of logits.
        weight: weight of the additional loss.
        seed: seed of the head's initial weights and feedback.

    Attributes:
        module: layers of the head.

    Raises:
        ConfigError: the network has no cells.
    """

    module: nn.Sequential

    def __init__(
        self,
        network: Network,
        *,
        input_shape: tuple[int, int, int],
        num_classes: int,
        weight: float,
        seed: int,
    ) -> None:
        cells = [each for each in network.body.values() if isinstance(each, Cell)]
        if not cells:
            raise ConfigError(
                "recipe: an auxiliary head needs a network with cells; expected an "
                f"auxiliary_weight of 0 for a network without cells, got {weight}"
            )
        self._weight = weight
        self._seen: Tensor | None = None
        self._hook = cells[2 * len(cells) // 3].register_forward_hook(self._see)
        device = network.mean.device
        _, channels, side, _ = self._shape_of(network, input_shape)
        rule = network.classifier.rule
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            module = _head(channels, side, num_classes, rule)
        self.module = module.to(device)
        self._wiring: Wiring = connect(self.module, seed=seed, num_classes=num_classes)
        if device.type == "cuda":
            self._wiring.to_tensors(device)

    def loss(self, targets: Tensor) -> Tensor:
        """Weighted cross-entropy of the head on the batch of the last forward pass."""
        assert self._seen is not None
        self._wiring.aim(targets)
        logits = self._wiring.watch(self.module(self._seen))
        self._seen = None
        return self._weight * F.cross_entropy(logits.float(), targets)

    def advance(
        self, *, learning_rate: Tensor, momentum: float, weight_decay: float, nesterov: bool
    ) -> None:
        """Advance the head's wiring after a step of the optimiser."""
        self._wiring.advance(
            learning_rate=learning_rate,
            momentum=momentum,
            weight_decay=weight_decay,
            nesterov=nesterov,
        )

    def state(self) -> dict[str, Any]:
        """State of the head and its wiring, without the momenta."""
        return {"module": self.module.state_dict(), "wiring": self._wiring.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Restore a state.

        Raises:
            KeyError, RuntimeError: the state belongs to another head.
        """
        self.module.load_state_dict(state["module"])
        self._wiring.restore(state["wiring"])

    def release(self) -> None:
        """Remove the forward hook from the network."""
        self._hook.remove()

    def _see(self, module: nn.Module, _: object, output: Tensor) -> None:
        if module.training:
            self._seen = output

    def _shape_of(self, network: Network, input_shape: tuple[int, int, int]) -> torch.Size:
        with torch.no_grad():
            network.train()  # the hook only records in training mode; statistics are restored
            before = {name: value.clone() for name, value in network.state_dict().items()}
            network(torch.zeros(2, *input_shape, device=network.mean.device))
            network.load_state_dict(before)
        assert self._seen is not None
        return self._seen.shape


def _head(channels: int, side: int, num_classes: int, rule: AbstractRule) -> nn.Sequential:
    first, second = WIDTHS
    pool: nn.Module = nn.AdaptiveAvgPool2d(2)
    if POOL < side <= 2 * POOL:  # two windows per side, as in DARTS for 8x8 or 7x7 pixels
        pool = nn.AvgPool2d(POOL, stride=side - POOL, count_include_pad=False)
    return nn.Sequential(
        nn.ReLU(),
        pool,
        convolution(channels, first, rule=rule),
        BatchNorm(first),
        nn.ReLU(),
        RuleConv2d(first, second, 2, bias=False, rule=rule),
        BatchNorm(second),
        nn.ReLU(),
        PixelsToUnits(),
        RuleLinear(second, num_classes, rule=rule.for_readout()),
    )
