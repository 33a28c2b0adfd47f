"""Duplicate images, with identical pixels."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class Seen:
    """One image.

    Attributes:
        name: its file, or its number in its part.
        part: the part that it belongs to.
        label: label of its class.
        digest: digest of its pixels.
    """

    name: str
    part: str
    label: int
    digest: bytes


@final
@dataclass(frozen=True)
class Duplicates:
    """Images whose pixels are equal, each group in the order in which they were seen.

    Attributes:
        groups: groups of two or more.
    """

    groups: tuple[tuple[Seen, ...], ...]

    @property
    def between_parts(self) -> list[tuple[Seen, ...]]:
        """Groups across parts: the model would be tested on training images."""
        return [group for group in self.groups if len({each.part for each in group}) > 1]

    @property
    def between_classes(self) -> list[tuple[Seen, ...]]:
        """Groups across classes: one of the labels is wrong."""
        return [group for group in self.groups if len({each.label for each in group}) > 1]

    @property
    def num_spare(self) -> int:
        """Number of superfluous images."""
        return sum(len(group) - 1 for group in self.groups)


def duplicates(images: Iterable[Seen]) -> Duplicates:
    """The groups of equal images."""
    groups: dict[bytes, list[Seen]] = {}
    for each in images:
        groups.setdefault(each.digest, []).append(each)
    return Duplicates(tuple(tuple(group) for group in groups.values() if len(group) > 1))
