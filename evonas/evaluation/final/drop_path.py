"""Drop path: in training, images skip edges of cells at random (Larsson et al. 2017)."""

from typing import final

import torch
from torch import Tensor, nn

from evonas.errors import ConfigError
from evonas.evaluation.training.training_step import AbstractAddition
from evonas.networks import Network
from evonas.networks.cell import Cell


@final
class DropPath(AbstractAddition):
    """Multiplies what an edge gives by 0 or 1 / (1 - p), for each image by itself.

    So its expectation stays. The probability p rises linearly with the epochs, from 0; edges that
    are the identity are never dropped (Zoph et al. 2018, arXiv 1707.07012; the code of DARTS).
    What an image skips gets no signal for that image, under every rule that sends one; a rule with
    an update of its own still sees the image.

    Args:
        network: network of cells; its cells are told what to drop, until :meth:`release`.
        probability: p after the last epoch.
        epochs: epochs of the training.
        num_steps: number of steps of an epoch.
        batch: images of a step.
        part: part of them that this process has, and how many parts there are.

    Raises:
        ConfigError: the network has no cells.
    """

    def __init__(
        self,
        network: Network,
        *,
        probability: float,
        epochs: int,
        num_steps: int,
        batch: int,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        self._cells = [each for each in network.body.values() if isinstance(each, Cell)]
        if not self._cells:
            raise ConfigError(
                "recipe: drop_path is for networks of cells; expected 0 for one without, got "
                f"{probability}"
            )
        self._probability = probability
        self._epochs = epochs
        self._part = part
        edges = [
            (cell, name)
            for cell in self._cells
            for name in cell.live_edges
            if not isinstance(cell.edges[name], nn.Identity)
        ]
        device = network.mean.device
        own = batch // part[1]
        self._all = (num_steps, len(edges), batch)
        self._own = slice(part[0] * own, (part[0] + 1) * own)
        self._keeps = torch.ones(num_steps, len(edges), own, dtype=torch.uint8, device=device)
        self._share = torch.ones(1, device=device)
        self._factors = torch.ones(len(edges), own, 1, 1, 1, device=device)
        for cell in self._cells:
            cell.drops = {}
        for (cell, name), factor in zip(edges, self._factors, strict=True):
            assert cell.drops is not None
            cell.drops[name] = factor

    def begin_epoch(self, generator: torch.Generator, *, epoch: int) -> None:
        """Draw for all steps of an epoch.

        Args:
            generator: on the CPU, so that the draws are the same on every device.
            epoch: counted from 0.
        """
        keep = 1.0 - self._probability * epoch / self._epochs
        steps, edges, batch = self._all
        for step in range(steps):
            drawn = torch.rand(edges, batch, generator=generator) < keep
            self._keeps[step].copy_(drawn[:, self._own])
        self._share.fill_(keep)

    def begin_step(self, number: Tensor) -> None:
        """What the step drops."""
        keeps = self._keeps.index_select(0, number)[0]
        self._factors.copy_((keeps / self._share).view_as(self._factors))

    def release(self) -> None:
        """The cells drop nothing any more."""
        for cell in self._cells:
            cell.drops = None
