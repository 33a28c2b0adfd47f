"""The counter-based random number generator Philox-4x32-10 in integer operations of torch.

A feedback weight is a function of the counter (seed, layer, step, element), not the next number
of a stream. So it does not depend on the device or the order, and need not be stored.
J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random numbers: as easy as 1, 2,
3", SC 2011.
"""

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor

ROUNDS = 10
BLOCKS_AT_ONCE = 32_768  # fits into the caches of a CPU; measured
WORD = 0xFFFFFFFF
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)  # added to the key after every round


def philox(counter: Sequence[Tensor], *, key: tuple[int, int]) -> tuple[Tensor, ...]:
    """The four random 32-bit words at each counter.

    Args:
        counter: four int64 words of the same shape, entries in [0, 2**32).
        key: two 32-bit words.

    Returns:
        Four int64 words of that shape on the counter's device, entries in [0, 2**32).
    """
    first, second, third, fourth = counter
    key_of_first, key_of_third = key
    for _ in range(ROUNDS):
        # products wrap modulo 2**64, which keeps all 64 bits; the constants are Python numbers,
        # because tensors would make the host wait for the device
        left, right = first * MULTIPLIERS[0], third * MULTIPLIERS[1]
        first = (right >> 32).bitwise_xor_(second).bitwise_xor_(key_of_first).bitwise_and_(WORD)
        third = (left >> 32).bitwise_xor_(fourth).bitwise_xor_(key_of_third).bitwise_and_(WORD)
        second, fourth = right, left  # only their low words are used
        key_of_first = (key_of_first + WEYL[0]) & WORD
        key_of_third = (key_of_third + WEYL[1]) & WORD
    return first, second.bitwise_and_(WORD), third, fourth.bitwise_and_(WORD)


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
        count: number of random numbers per step.
        seed: the key, in [0, 2**64).
        layer: number of the layer, in [0, 2**32).
        steps: the optimiser steps, each in [0, 2**32).
        stream: distinguishes several tensors of one layer.
        device: where to compute; the numbers do not depend on it.

    Returns:
        (len(steps), count) float64. Each number has 24 bits, so float32 represents it exactly.
    """
    addresses = Addresses([count], layers=[layer], device=device)
    return addresses.uniform(
        torch.arange(steps.start, steps.stop, steps.step, device=device), seed=seed, stream=stream
    )


@final
class Addresses:
    """The counters of the random numbers of several layers: built once, used at every step.

    Args:
        counts: number of random numbers per step for each layer.
        layers: number of each layer.
        device: device on which to draw.
    """

    def __init__(
        self, counts: Sequence[int], *, layers: Sequence[int], device: torch.device | str
    ) -> None:
        self.counts = list(counts)
        self.num_blocks = [-(-count // 4) for count in counts]
        self.block = torch.cat([torch.arange(blocks, device=device) for blocks in self.num_blocks])
        self.layer = torch.cat(
            [
                torch.full((blocks,), layer, device=device)
                for layer, blocks in zip(layers, self.num_blocks, strict=True)
            ]
        )

    def uniform(
        self, steps: Tensor, *, seed: int, stream: int = 0, dtype: torch.dtype = torch.float64
    ) -> Tensor:
        """The numbers of :func:`uniform` for each layer: (len(steps), sum of counts).

        Args:
            steps: (len(steps),) int64 on the device of the addresses; never read by the host.
            seed: the key.
            stream: distinguishes several tensors of one layer.
            dtype: float32 or float64; both hold the same numbers.
        """
        key = (seed & WORD, (seed >> 32) & WORD)
        num_steps, total = len(steps), len(self.block)
        numbers = torch.empty(num_steps, total, 4, dtype=dtype, device=steps.device)
        # smaller pieces suit the caches of a CPU; on a GPU they would only add launches
        at_once = total if steps.is_cuda else max(1, BLOCKS_AT_ONCE // num_steps)
        for start in range(0, total, max(1, at_once)):
            part = slice(start, start + at_once)
            shape = torch.Size([num_steps, len(self.block[part])])
            words = philox(
                (
                    self.block[part].expand(shape),
                    self.layer[part].expand(shape),
                    steps.unsqueeze(1).expand(shape),
                    steps.new_full((), stream).expand(shape),
                ),
                key=key,
            )
            for place, word in enumerate(words):
                numbers[:, part, place] = word >> 8
        numbers = numbers.mul_(2.0**-23).sub_(1.0).view(num_steps, 4 * total)
        if all(count % 4 == 0 for count in self.counts):
            return numbers
        # the count of some layer is no multiple of four: drop the rest of its last block
        pieces = numbers.split([4 * blocks for blocks in self.num_blocks], dim=1)
        ends = zip(pieces, self.counts, strict=True)
        return torch.cat([piece[:, :count] for piece, count in ends], dim=1)
