"""Gaussian, shot (Poisson) and impulse (salt and pepper) noise, as Hendrycks and Dietterich 2019.

Every function maps images (N, C, H, W) in [0, 1], a strength and a random generator to images of
the same shape. The generator draws on the CPU, so that the noise is the same on all devices.
"""

import torch
from torch import Generator, Tensor


def gaussian_noise(images: Tensor, deviation: float, *, generator: Generator) -> Tensor:
    """X + N(0, deviation^2), clipped; a deviation of 0 changes nothing."""
    noise = torch.randn(images.shape, generator=generator).to(images)
    return (images + deviation * noise).clamp(0.0, 1.0)


def shot_noise(images: Tensor, photons: float, *, generator: Generator) -> Tensor:
    """Poisson(photons x) / photons, clipped; more photons mean less noise."""
    counts = torch.poisson((photons * images).float().cpu(), generator=generator)
    return (counts.to(images) / photons).clamp(0.0, 1.0)


def impulse_noise(images: Tensor, share: float, *, generator: Generator) -> Tensor:
    """With probability ``share``, set each value to 0 or 1, equally often; 0 changes nothing."""
    chance = torch.rand(images.shape, generator=generator).to(images.device)
    salted = torch.where(chance < share / 2, torch.ones_like(images), images)
    is_pepper = (chance >= share / 2) & (chance < share)
    return torch.where(is_pepper, torch.zeros_like(images), salted)
