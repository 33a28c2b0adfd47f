"""Cutout, mixup and label smoothing: drawn once per epoch, applied step by step on the device."""

import random
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor


@dataclass(frozen=True)
class Regularisation:
    """Regularisation of batches and targets, so that long trainings do not memorise the images.

    Attributes:
        cutout: side, in pixels, of a square around a random pixel that is replaced by the mean
            colour; the square may extend beyond the image (DeVries and Taylor 2017, arXiv
            1708.04552). 0 for none.
        mixup: alpha of Beta(alpha, alpha), from which the share is drawn by which each batch is
            mixed with a permutation of itself (Zhang et al. 2018, arXiv 1710.09412, equation 1).
            0 for none.
        label_smoothing: share of the target that is spread equally over all classes (Szegedy et
            al. 2016, arXiv 1512.00567, section 7).
    """

    cutout: int = 0
    mixup: float = 0.0
    label_smoothing: float = 0.0

    @property
    def is_none(self) -> bool:
        """Whether there is no regularisation."""
        return self == Regularisation()


@final
class RegularisedBatches:
    """Draws the regularisation of an epoch and applies it to batches.

    Args:
        regularisation: regularisation to apply.
        num_steps: number of steps in an epoch.
        batch: number of images in a step, in this process.
        num_classes: number of classes.
        mean: mean of the pixels in [0, 1], per channel, which cutout fills in.
        size: height and width of an image, in pixels.
        device: device of the images.
        part: number of this process, and number of processes that share a step, each with
            ``batch`` images; images are mixed only within a process.
    """

    def __init__(
        self,
        regularisation: Regularisation,
        *,
        num_steps: int,
        batch: int,
        num_classes: int,
        mean: tuple[float, ...],
        size: tuple[int, int],
        device: torch.device,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        self._regularisation = regularisation
        self._size = size
        self._batch = batch
        self._part, self._num_parts = part
        self._classes = torch.arange(num_classes, device=device)
        self._mean = torch.tensor(mean, device=device).view(-1, 1, 1)
        self._rows = torch.arange(size[0], device=device)
        self._columns = torch.arange(size[1], device=device)
        self._centres = torch.zeros(num_steps, 2, batch, dtype=torch.int64, device=device)
        self._partners = torch.zeros(num_steps, batch, dtype=torch.int64, device=device)
        self._shares = torch.ones(num_steps, device=device)

    def begin_epoch(self, generator: torch.Generator) -> None:
        """Draw the randomness of all steps of the next epoch.

        Args:
            generator: random generator on the CPU, so that draws are the same on every device.
        """
        steps, batch, parts = len(self._shares), self._batch, self._num_parts
        if self._regularisation.cutout:
            drawn = [
                torch.randint(side, (steps, parts * batch), generator=generator)
                for side in self._size
            ]
            own = slice(self._part * batch, (self._part + 1) * batch)
            self._centres.copy_(torch.stack(drawn, dim=1)[:, :, own])
        if alpha := self._regularisation.mixup:
            orders = [torch.randperm(batch, generator=generator) for _ in range(steps * parts)]
            self._partners.copy_(torch.stack(orders[self._part :: parts]))
            (seed,) = torch.randint(2**62, (1,), generator=generator).tolist()
            rng = random.Random(seed)
            self._shares.copy_(torch.tensor([rng.betavariate(alpha, alpha) for _ in range(steps)]))

    def pixels(self, pixels: Tensor, *, number: Tensor) -> Tensor:
        """Apply cutout, then mixup, to the images of a batch.

        Args:
            pixels: float32, (batch, channels, height, width), in [0, 1].
            number: int64, (1,): number of the step in its epoch.
        """
        if side := self._regularisation.cutout:
            centres = self._centres.index_select(0, number)[0]
            row, column = (
                _is_within(places, centre, side)
                for places, centre in zip((self._rows, self._columns), centres, strict=True)
            )
            is_cut = (row.unsqueeze(2) & column.unsqueeze(1)).unsqueeze(1)
            pixels = torch.where(is_cut, self._mean, pixels)
        if self._regularisation.mixup:
            share, partner = self._mixing(number)
            pixels = share * pixels + (1.0 - share) * pixels.index_select(0, partner)
        return pixels

    def targets(self, labels: Tensor, *, number: Tensor) -> Tensor:
        """The targets of a batch that :meth:`pixels` has regularised.

        Args:
            labels: int64, (batch,).
            number: int64, (1,): number of the step in its epoch.

        Returns:
            float32, (batch, classes): probabilities.
        """
        one_hot = (labels.unsqueeze(1) == self._classes).to(torch.float32)
        smoothing = self._regularisation.label_smoothing
        targets = (1.0 - smoothing) * one_hot + smoothing / len(self._classes)
        if self._regularisation.mixup:
            share, partner = self._mixing(number)
            targets = share * targets + (1.0 - share) * targets.index_select(0, partner)
        return targets

    def _mixing(self, number: Tensor) -> tuple[Tensor, Tensor]:
        share = self._shares.index_select(0, number)[0]
        return share, self._partners.index_select(0, number)[0]


def _is_within(places: Tensor, centre: Tensor, side: int) -> Tensor:
    """Which positions lie in a span of ``side`` around each centre: bool, (batch, places)."""
    first = (centre - side // 2).unsqueeze(1)
    return (places >= first) & (places < first + side)
