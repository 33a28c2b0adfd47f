"""Ways of loading the mini-batches of a tree of images: evonas and torchvision's ImageFolder.

torchvision's loader scales the shorter side, crops the centre, and crops at random from a black
frame, as evonas does. evonas asks libjpeg for a reduced image if a file is much larger than
needed; the plain loader does so if asked, to separate this effect.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, final

import torch
from PIL import Image
from torch import Tensor

from evonas.evaluation.training.augment import plan_epoch
from evonas.evaluation.training.streaming.streamed_images import StreamedImages

PADDING_SHARE = 8  # the width of the frame is an eighth of the side

Batches = Iterator[tuple[Tensor, Tensor]]
Way = Callable[[int], Batches]
"""Function that yields the given number of batches of an epoch from workers that it starts."""


@final
class PlainFeed:
    """Feeds the batches of another loader to a training step."""

    def __init__(self) -> None:
        self.batches: Batches = iter(())
        self._now: tuple[Tensor, Tensor] | None = None

    def begin(self, plan: Tensor) -> None:
        """Ignore the plan."""

    def fetch(self) -> None:
        """Load the next batch."""
        self._now = next(self.batches)

    def batch(self) -> tuple[Tensor, Tensor]:
        """The loaded batch."""
        assert self._now is not None
        return self._now

    def close(self) -> None:
        """Do nothing."""


def our_way(images: StreamedImages, *, batch: int) -> Way:
    """The way of evonas."""
    generator = torch.Generator().manual_seed(0)

    def batches(count: int) -> Batches:
        plan = plan_epoch(images, batch=batch, generator=generator)[:count]
        decoded = images.batches(list(plan.numpy()))
        for row, pixels in zip(plan, decoded, strict=True):
            floats = pixels.permute(0, 3, 1, 2).to(torch.float32).div_(255.0)
            yield floats, images.labels[row[0]]

    return batches


def reduced(path: str, *, side: int) -> Image.Image:
    """Decode like evonas, to at least three times the required number of pixels."""
    with Image.open(path) as image:
        scale = 3 * side / min(image.size)
        if scale < 1:
            width, height = image.size
            least = 3 * side
            image.draft("RGB", (max(least, int(width * scale)), max(least, int(height * scale))))
        return image.convert("RGB")


def plain_way(folder: Path, *, size: int, batch: int, workers: int, is_reducing: bool) -> Way:
    """The way of torchvision's ImageFolder and a DataLoader."""
    # here: a worker that is not forked imports this module, and its start is measured
    from torch.utils.data import DataLoader
    from torchvision import transforms
    from torchvision.datasets import ImageFolder

    chain = transforms.Compose(
        [
            transforms.Resize(size),
            transforms.CenterCrop(size),
            transforms.RandomCrop(size, padding=size // PADDING_SHARE),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
        ]
    )
    more: dict[str, Any] = {"loader": partial(reduced, side=size)} if is_reducing else {}
    images = ImageFolder(str(folder), chain, **more)

    def batches(count: int) -> Batches:
        loader: DataLoader[Any] = DataLoader(
            images, batch, shuffle=True, drop_last=True, num_workers=workers
        )
        for number, (pixels, labels) in enumerate(loader, start=1):
            yield pixels, labels
            if number == count:
                return

    return batches
