"""Drop path: during training, edges of cells are dropped at random (Larsson et al. 2017)."""

from typing import final

import torch
from torch import Tensor, nn

from evonas.errors import ConfigError
from evonas.evaluation.training.training_step import AbstractAddition
from evonas.networks import Network
from evonas.networks.cell import Cell


@final
class DropPath(AbstractAddition):
    """Multiplies the output of each edge by 0 or 1 / (1 - p), independently for each image.

    The scaling keeps the expectation unchanged. The probability p rises linearly with the epochs,
    from 0; identity edges are never dropped (Zoph et al. 2018, arXiv 1707.07012; the code of
    DARTS). A dropped edge receives no error signal for that image, under every rule that sends
    one; a rule with an update of its own still sees the image.

    Args:
        network: network of cells, which drop edges until :meth:`release`.
        probability: value that p would reach after the last epoch.
        epochs: number of epochs of the training.
        num_steps: number of steps in an epoch.
        batch: number of images in a step, over all processes.
        part: number of this process, and number of processes that share each batch.

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
                "recipe: drop_path needs a network with cells; expected 0 for a network without "
                f"cells, got {probability}"
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
        """Draw the dropped edges of all steps of an epoch.

        Args:
            generator: random generator on the CPU, so that draws are the same on every device.
            epoch: number of the epoch, from 0.
        """
        keep = 1.0 - self._probability * epoch / self._epochs
        steps, edges, batch = self._all
        for step in range(steps):
            drawn = torch.rand(edges, batch, generator=generator) < keep
            self._keeps[step].copy_(drawn[:, self._own])
        self._share.fill_(keep)

    def begin_step(self, number: Tensor) -> None:
        """Set the factors on all edges for this step."""
        keeps = self._keeps.index_select(0, number)[0]
        self._factors.copy_((keeps / self._share).view_as(self._factors))

    def release(self) -> None:
        """Stop dropping edges."""
        for cell in self._cells:
            cell.drops = None
