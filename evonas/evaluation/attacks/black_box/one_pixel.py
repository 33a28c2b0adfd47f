"""One-Pixel, differential evolution over a few pixels (Su, Vargas and Sakurai 2019), L0.

Its threat model differs from that of the other attacks: one, three or five pixels may take any
value, and epsilon is ignored. It is never part of a worst case over L-infinity attacks.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from evonas.errors import ConfigError
from evonas.evaluation.attacks.ascent import AttackResult, attack_result, check_start
from evonas.evaluation.attacks.attack_losses import without_label
from evonas.evaluation.attacks.random_numbers import check_numbers, standard_normal

DIFFERENTIAL_WEIGHT = 0.5  # F of section III.B; there is no crossover
FIRST_VALUE_MEAN, FIRST_VALUE_DEVIATION = 128 / 255, 127 / 255  # normal, section III.C


def one_pixel(
    network: Callable[[Tensor], Tensor],
    images: Tensor,
    labels: Tensor,
    *,
    num_pixels: int,
    numbers: Tensor,
    population: int = 400,
    num_generations: int = 100,
) -> AttackResult:
    """Evolve changed pixels, (position, value) each, that make the right class least likely.

    A child is a + 0.5 (b - c) of three members of its image's population, and replaces its own
    member if it is better. All members of all images are evaluated in one forward pass of
    N x ``population`` images. The authors stop at the first success; here all generations run, so
    that shapes never change and the host reads no value.

    Args:
        network: maps images in [0, 1] to logits.
        images: float, (N, C, H, W), in [0, 1].
        labels: int64, (N,).
        num_pixels: number of pixels that may change; the paper uses 1, 3 and 5.
        numbers: uniform in [0, 1), (N, ``num_one_pixel_numbers(...)``).
        population: number of candidates per image, at least 4.
        num_generations: number of generations after the initial population; the cost is
            ``population`` (num_generations + 1) + 1 forward passes.

    Raises:
        ConfigError: an argument is out of range.
    """
    check_start(images, images, epsilon=1.0, num_steps=num_generations)
    if num_pixels < 1 or population < 4:
        raise ConfigError(
            "One-Pixel: expected at least 1 pixel and a population of at least 4, got "
            f"{num_pixels} and {population}"
        )
    num_images, channels = images.shape[:2]
    expected = num_one_pixel_numbers(
        channels, num_pixels=num_pixels, population=population, num_generations=num_generations
    )
    check_numbers(numbers, images, expected=expected)
    images = images.detach()
    genes = 2 + channels
    in_first = population * num_pixels * genes
    first, later = numbers.split([in_first, expected - in_first], 1)
    members = _first_members(first.view(num_images, population, num_pixels, genes))
    draws = later.view(num_images, num_generations, population, 3).unbind(1)

    with torch.no_grad():
        correct = network(images).argmax(1) == labels
        seen = _look(network, images, labels, members)
        best = seen
        for drawn in draws:
            a, b, c = (_taken(members, index) for index in three_distinct(drawn))
            children = (a + DIFFERENTIAL_WEIGHT * (b - c)).clamp(0.0, 1.0)
            ahead = _look(network, images, labels, children)
            is_better = ahead.doubt > seen.doubt
            members = torch.where(is_better[..., None, None], children, members)
            seen = _Look(torch.where(is_better, ahead.doubt, seen.doubt), *ahead[1:])
            best = _better(best, ahead)

    return attack_result(
        images, correct=correct, survives=~best.is_fooled, strongest=best.image,
        fooling=best.image, has_gradient=torch.ones_like(correct),
    )  # fmt: skip


class _Look(NamedTuple):
    """Evaluation of the candidates of N images.

    Attributes:
        doubt: (N, population), log-odds against the label for every candidate.
        is_fooled: bool, (N,): the network is wrong on at least one candidate.
        top_doubt: (N,), doubt of the candidate in ``image``; infinite if it fools the network.
        image: (N, C, H, W), a candidate that fools the network, else the one of highest doubt.
    """

    doubt: Tensor
    is_fooled: Tensor
    top_doubt: Tensor
    image: Tensor


def _look(
    network: Callable[[Tensor], Tensor], images: Tensor, labels: Tensor, members: Tensor
) -> _Look:
    num_images, population = members.shape[:2]
    points = with_pixels(images, members)
    labels = labels.repeat_interleave(population, output_size=num_images * population)
    logits = network(points.flatten(0, 1)).float()
    # log((1 - p) / p), p the label's probability: ranks candidates like the paper's p, and does
    # not saturate
    own = logits.gather(1, labels.unsqueeze(1)).squeeze(1)
    doubt = (without_label(logits, labels).logsumexp(1) - own).view(num_images, population)
    is_wrong = (logits.argmax(1) != labels).view(num_images, population)
    preferred = torch.where(is_wrong, torch.inf, doubt)
    place = preferred.argmax(1)
    chosen = place.view(-1, 1, 1, 1, 1).expand(-1, 1, *points.shape[2:])
    top_doubt = preferred.gather(1, place.unsqueeze(1)).squeeze(1)
    return _Look(doubt, is_wrong.any(1), top_doubt, points.gather(1, chosen).squeeze(1))


def _better(best: _Look, ahead: _Look) -> _Look:
    """Keep the better image of two looks; one that fools the network has infinite doubt."""
    is_better = ahead.top_doubt > best.top_doubt
    return _Look(
        ahead.doubt,
        best.is_fooled | ahead.is_fooled,
        torch.where(is_better, ahead.top_doubt, best.top_doubt),
        torch.where(is_better.view(-1, 1, 1, 1), ahead.image, best.image),
    )


def with_pixels(images: Tensor, members: Tensor) -> Tensor:
    """The images with some pixels replaced, (N, population, C, H, W).

    Args:
        images: (N, C, H, W).
        members: in [0, 1], (N, population, pixels, 2 + C): row and column as shares of height and
            width, then the pixel's value in every channel.
    """
    _, channels, height, width = images.shape
    row = (members[..., 0] * height).long().clamp_max(height - 1)
    column = (members[..., 1] * width).long().clamp_max(width - 1)
    place = (row * width + column).unsqueeze(2)  # (N, population, 1, pixels)
    values = members[..., 2:].to(images.dtype).transpose(2, 3)  # (N, population, C, pixels)
    population = members.shape[1]
    points = images.flatten(2).unsqueeze(1).repeat(1, population, 1, 1)
    for pixel in range(members.shape[2]):  # one by one: at equal positions the later one wins
        index = place[..., pixel : pixel + 1].expand(-1, -1, channels, -1)
        points = points.scatter(3, index, values[..., pixel : pixel + 1])
    return points.view(*points.shape[:3], height, width)


def _first_members(numbers: Tensor) -> Tensor:
    """Uniform positions and normal values from uniform numbers (N, population, pixels, 2 + C)."""
    normal = standard_normal(numbers[..., 2:])
    values = (FIRST_VALUE_MEAN + FIRST_VALUE_DEVIATION * normal).clamp(0.0, 1.0)
    return torch.cat([numbers[..., :2], values], dim=-1)


def three_distinct(numbers: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Three distinct indices into the population for each of its members.

    Args:
        numbers: uniform in [0, 1), (N, population, 3).
    """
    population = numbers.shape[1]
    u, v, w = numbers.double().unbind(2)
    first = (u * population).long()
    second = (v * (population - 1)).long()
    second = second + (second >= first)
    low, high = first.minimum(second), first.maximum(second)
    third = (w * (population - 2)).long()
    third = third + (third >= low)
    third = third + (third >= high)
    return first, second, third


def _taken(members: Tensor, index: Tensor) -> Tensor:
    """The members of each image's population at ``index`` (N, population)."""
    return members.gather(1, index[..., None, None].expand(-1, -1, *members.shape[2:]))


def num_one_pixel_numbers(
    channels: int, *, num_pixels: int, population: int, num_generations: int
) -> int:
    """Number of random numbers that ``one_pixel`` uses for one image."""
    return population * (num_pixels * (2 + channels) + 3 * num_generations)
