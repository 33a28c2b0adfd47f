"""Philox-4x32-10 in plain integer torch: a random number has an address (Salmon 2011).

Feedback weights are not drawn from a stream but looked up at (seed, layer, step, element), so
they are the same on every device, in every order, and need not be stored. J. K. Salmon, M. A.
Moraes, R. O. Dror and D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

ROUNDS = 10
BLOCKS_AT_ONCE = 16_384  # that the caches of a CPU hold; measured
WORD = 0xFFFFFFFF
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)  # added to the key after every round


def philox(counter: Tensor, *, key: tuple[int, int]) -> Tensor:
    """The four random 32-bit words at each counter.

    Args:
        counter: (4, n) int64, each entry a 32-bit word in [0, 2**32).
        key: two 32-bit words.

    Returns:
        (4, n) int64 on the counter's device, entries in [0, 2**32).
    """
    # the two Feistel lanes are worked on as one (2, n) tensor: half as many small operations
    left, right = counter[0::2], counter[1::2]
    multipliers = counter.new_tensor(MULTIPLIERS).unsqueeze(1)
    keys = counter.new_tensor(
        [
            [(word + i * step) & WORD for word, step in zip(key, WEYL, strict=True)]
            for i in range(ROUNDS)
        ]
    ).unsqueeze(2)  # (rounds, 2, 1)
    for round_key in keys:
        product = left * multipliers  # wraps modulo 2**64, which keeps all 64 bits
        high = (product >> 32).flip(0)
        left = high.bitwise_xor_(right).bitwise_xor_(round_key).bitwise_and_(WORD)
        right = product.bitwise_and_(WORD).flip(0)
    return torch.stack([left[0], right[0], left[1], right[1]])


def uniform(
    count: int,
    *,
    seed: int,
    layer: int,
    steps: range,
    stream: int = 0,
    device: torch.device | str = "cpu",
) -> Tensor:
    """Independent uniform numbers in [-1, 1) on a grid of 2**-23, for several steps at once.

    Args:
        count: how many numbers a step has.
        seed: in [0, 2**64), the key.
        layer: number of the layer, in [0, 2**32).
        steps: the optimiser steps, each in [0, 2**32).
        stream: tells apart several tensors of one layer.
        device: where to compute; the numbers do not depend on it.

    Returns:
        (len(steps), count) float64. 24 bits each, so float32 holds the same numbers exactly.
    """
    return uniform_of_layers(
        [count], seed=seed, layers=[layer], steps=steps, stream=stream, device=device
    )


def uniform_of_layers(
    counts: Sequence[int],
    *,
    seed: int,
    layers: Sequence[int],
    steps: range,
    stream: int = 0,
    device: torch.device | str = "cpu",
) -> Tensor:
    """What :func:`uniform` gives for each layer, side by side: (len(steps), sum of the counts)."""
    num_blocks = [-(-count // 4) for count in counts]
    total = sum(num_blocks)
    counter = torch.empty(4, len(steps), total, dtype=torch.int64, device=device)
    places = zip(layers, num_blocks, counter[:2].split(num_blocks, dim=2), strict=True)
    for layer, blocks, place in places:
        place[0] = torch.arange(blocks, device=device)
        place[1] = layer
    counter[2] = torch.arange(steps.start, steps.stop, steps.step, device=device).unsqueeze(1)
    counter[3] = stream
    key = (seed & WORD, (seed >> 32) & WORD)
    parts = [philox(part, key=key) for part in counter.flatten(1).split(BLOCKS_AT_ONCE, dim=1)]
    numbers = torch.cat([(words >> 8).double().mul_(2.0**-23).sub_(1.0).t() for words in parts])
    numbers = numbers.reshape(len(steps), 4 * total)
    if any(count % 4 for count in counts):  # a layer ends within a block
        pieces = numbers.split([4 * blocks for blocks in num_blocks], dim=1)
        of_layers = [piece[:, :count] for piece, count in zip(pieces, counts, strict=True)]
        numbers = torch.cat(of_layers, dim=1)
    return numbers
