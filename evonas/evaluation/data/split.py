"""Draw stratified parts of a labelled set: every class keeps its share."""

import math
import random
from collections.abc import Sequence

import torch
from torch import Tensor

from evonas.errors import DataError


def stratified_part(
    labels: Tensor, *, num_images: int, seed: int, what: str = "images"
) -> tuple[Tensor, Tensor]:
    """Divide a labelled set into a part of ``num_images`` and the rest.

    The number of images of each class is rounded by largest remainder, so it differs from the
    exact proportion by less than one. The draw uses only ``random.Random.random``, which Python
    guarantees to keep stable: a seed selects the same images on every version and machine.

    Args:
        labels: int64, (N,).
        num_images: size of the part, in [0, N].
        seed: seed of the draw.
        what: description of the images, for the message.

    Returns:
        The indices of the part and of the rest, int64 on the CPU, each ascending.

    Raises:
        DataError: the set holds fewer than ``num_images`` images.
    """
    classes = labels.tolist()
    if not 0 <= num_images <= len(classes):
        raise DataError(f"{what}: asked for {num_images:,}, but there are {len(classes):,}")
    members: dict[int, list[int]] = {label: [] for label in sorted(set(classes))}
    for index, label in enumerate(classes):
        members[label].append(index)
    counts = [len(indices) for indices in members.values()]
    rng = random.Random(seed)
    part: list[int] = []
    for indices, quota in zip(members.values(), _quotas(counts, num_images), strict=True):
        keys = [rng.random() for _ in indices]
        order = sorted(range(len(indices)), key=keys.__getitem__)
        part += [indices[i] for i in order[:quota]]
    chosen = set(part)
    rest = [index for index in range(len(classes)) if index not in chosen]
    return torch.tensor(sorted(part), dtype=torch.int64), torch.tensor(rest, dtype=torch.int64)


def _quotas(counts: Sequence[int], total: int) -> list[int]:
    """Shares of ``total`` in proportion to ``counts``, rounded by largest remainder."""
    population = max(sum(counts), 1)
    exact = [divmod(total * count, population) for count in counts]
    quotas = [whole for whole, _ in exact]
    by_remainder = sorted(range(len(counts)), key=lambda i: (-exact[i][1], i))
    for index in by_remainder[: total - sum(quotas)]:
        quotas[index] += 1
    return quotas


def share_of(num_images: int, share: float) -> int:
    """``share`` of ``num_images`` as a number of images, halves rounded up."""
    return math.floor(num_images * share + 0.5)
