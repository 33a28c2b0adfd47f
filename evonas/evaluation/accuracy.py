"""Accuracy: the share of images that a network classifies correctly."""

import torch

from evonas.evaluation.data.images import Images, unit_pixels
from evonas.networks import Network


def accuracy(network: Network, images: Images, *, batch: int = 500) -> float:
    """Share of ``images`` that ``network``, in evaluation mode, classifies correctly."""
    hits = torch.zeros((), dtype=torch.long, device=images.labels.device)
    with torch.inference_mode():
        for part in images.chunks(batch):
            guesses = network(unit_pixels(part.pixels)).argmax(1)
            hits += (guesses == part.labels).sum()
    return int(hits) / len(images)
