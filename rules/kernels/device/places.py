"""Tiles of a batch of images, addressed by place and channel in either memory format.

A place is a pixel of an image of the batch, numbered row by row. The stride between its channels
is ``INNER``: 1 in channels-last format, height x width in row-major order.
"""

from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from torch import Tensor

from evonas.rules.kernels.device.launch import power_of_two

MAX_PROGRAMS = 1024  # of a reducing kernel along the places; each writes one row of sums


@triton.jit
def offsets(place, channel, CHANNELS: tl.constexpr, INNER: tl.constexpr):
    """The offsets of elements; ``place`` and ``channel`` are broadcast."""
    return (place // INNER) * (CHANNELS * INNER) + channel * INNER + place % INNER


@triton.jit
def tile_places(number, BLOCK_P: tl.constexpr):
    """The places of the tile with this number."""
    return number * BLOCK_P + tl.arange(0, BLOCK_P)


@triton.jit
def tile_channels(CHANNELS: tl.constexpr, BLOCK_C: tl.constexpr):
    """The channels of a program's tiles, and which of them exist."""
    channel = tl.program_id(1) * BLOCK_C + tl.arange(0, BLOCK_C)
    return channel, channel < CHANNELS


@triton.jit
def tile_at(
    number, channel, places,
    CHANNELS: tl.constexpr, INNER: tl.constexpr, BLOCK_P: tl.constexpr,
):  # fmt: skip
    """The offsets of the elements of a tile, (places, channels), and which of them exist."""
    place = tile_places(number, BLOCK_P)[:, None]
    inside = (place < places) & (channel < CHANNELS)[None, :]
    return offsets(place, channel[None, :], CHANNELS, INNER), inside


@triton.jit
def own_tile(
    places,
    CHANNELS: tl.constexpr, INNER: tl.constexpr, BLOCK_P: tl.constexpr, BLOCK_C: tl.constexpr,
):  # fmt: skip
    """The only tile of a program: channels, their mask, offsets of elements, their mask."""
    channel, known = tile_channels(CHANNELS, BLOCK_C)
    at, inside = tile_at(tl.program_id(0), channel, places, CHANNELS, INNER, BLOCK_P)
    return channel, known, at, inside


@triton.jit
def pixel(place, height, width):
    """The image, row and column of a place."""
    x = place % width
    y = place // width % height
    return place // (width * height), y, x


@triton.jit
def widened(pointer, mask, otherwise):
    """The values at these pointers in float32; ``otherwise`` outside the mask."""
    return tl.load(pointer, mask=mask, other=otherwise).to(tl.float32)


@dataclass(frozen=True)
class Tiling:
    """How elementwise kernels divide a tensor among programs.

    Attributes:
        places: number of places, batch x height x width.
        channels: number of channels of the tensor.
        inner: stride between the channels of a place.
        block_p: number of places per tile.
        block_c: number of channels per tile.
    """

    places: int
    channels: int
    inner: int
    block_p: int
    block_c: int

    @property
    def programs(self) -> tuple[int, int]:
        """The grid with one program for each tile."""
        return -(-self.places // self.block_p), -(-self.channels // self.block_c)

    @property
    def constants(self) -> dict[str, int]:
        """The constants of every elementwise kernel."""
        return {
            "CHANNELS": self.channels,
            "INNER": self.inner,
            "BLOCK_P": self.block_p,
            "BLOCK_C": self.block_c,
        }


def share_tiles(tiles: int, *, max_programs: int) -> tuple[int, int]:
    """Divide tiles among the programs of a reducing kernel.

    Returns:
        The number of programs and of tiles per program; the last program gets the remaining tiles.
    """
    per_program = max(1, -(-tiles // max_programs))
    return -(-tiles // per_program), per_program


def tiling(tensor: Tensor) -> Tiling:
    """Tiles of 1024 elements, longest along the contiguous dimension."""
    batch, channels, height, width = tensor.shape
    if tensor.is_contiguous(memory_format=torch.channels_last):
        block_c = min(64, power_of_two(channels))
        return Tiling(batch * height * width, channels, 1, 1024 // block_c, block_c)
    block_c = min(4, power_of_two(channels))
    return Tiling(batch * height * width, channels, height * width, 1024 // block_c, block_c)
