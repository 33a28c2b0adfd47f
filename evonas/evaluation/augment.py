"""Random crop and mirror of a batch, on its device and without waiting for it."""

import torch
from torch import Tensor
from torch.nn import functional as F


def augment(pixels: Tensor, *, padding: int, flip: bool, generator: torch.Generator) -> Tensor:
    """Shift every image by up to ``padding`` pixels and mirror it left-right half of the time.

    An image is surrounded by black (0, before the network normalises it, as in NAS-Bench-201) and
    cut back to its size at a random place. Indices are computed and gathered; nothing depends on
    a value that the host would have to read.

    Args:
        pixels: float, (N, channels, height, width), in [0, 1].
        padding: pixels of black on each side; 0 crops nothing.
        flip: whether to mirror.
        generator: the source of chance. One on the CPU gives the same crops on every device.

    Returns:
        A tensor like ``pixels``; the same one when there is nothing to do.
    """
    if padding == 0 and not flip:
        return pixels
    num_images, _, height, width = pixels.shape
    device = pixels.device

    def draw(high: int) -> Tensor:
        shape = (num_images, 1)
        numbers = torch.randint(high, shape, generator=generator, device=generator.device)
        return numbers.to(device, non_blocking=True)

    rows = torch.arange(height, device=device) + draw(2 * padding + 1)  # (N, height)
    columns = torch.arange(width, device=device).expand(num_images, width)
    if flip:
        is_mirrored = draw(2)
        columns = columns + is_mirrored * (width - 1 - 2 * columns)
    columns = columns + draw(2 * padding + 1)  # (N, width)
    padded = F.pad(pixels, (padding, padding, padding, padding))
    index = rows.unsqueeze(2) * (width + 2 * padding) + columns.unsqueeze(1)
    index = index.flatten(1).unsqueeze(1).expand(-1, pixels.shape[1], -1)
    return padded.flatten(2).gather(2, index).view_as(pixels)
