"""Noise: Gaussian, shot (Poisson) and impulse (salt and pepper), as Hendrycks and Dietterich 2019.

Every function takes images (N, C, H, W) in [0, 1], its strength and the generator of its numbers,
which draws on the CPU, so that all devices see one noise; it gives images of the same shape.
"""

import torch
from torch import Generator, Tensor


def gaussian_noise(images: Tensor, deviation: float, *, generator: Generator) -> Tensor:
    """X + N(0, deviation^2), clipped; 0 changes nothing."""
    noise = torch.randn(images.shape, generator=generator).to(images)
    return (images + deviation * noise).clamp(0.0, 1.0)


def shot_noise(images: Tensor, photons: float, *, generator: Generator) -> Tensor:
    """Poisson(photons x) / photons, clipped; more photons are less noise."""
    counts = torch.poisson((photons * images).float().cpu(), generator=generator)
    return (counts.to(images) / photons).clamp(0.0, 1.0)


def impulse_noise(images: Tensor, share: float, *, generator: Generator) -> Tensor:
    """Each value becomes 0 or 1, equally often, with probability ``share``; 0 changes nothing."""
    chance = torch.rand(images.shape, generator=generator).to(images.device)
    salted = torch.where(chance < share / 2, torch.ones_like(images), images)
    is_pepper = (chance >= share / 2) & (chance < share)
    return torch.where(is_pepper, torch.zeros_like(images), salted)
