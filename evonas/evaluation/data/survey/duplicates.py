"""Find images with identical pixels."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class SurveyedImage:
    """One image of a surveyed data set.

    Attributes:
        name: path of its file, or its part and number.
        part: part that it belongs to.
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
    """Groups of images with identical pixels.

    Attributes:
        groups: groups of two or more images, each in the order of the survey.
    """

    groups: tuple[tuple[SurveyedImage, ...], ...]

    @property
    def between_parts(self) -> list[tuple[SurveyedImage, ...]]:
        """Groups that span several parts: networks would be tested on training images."""
        return [group for group in self.groups if len({each.part for each in group}) > 1]

    @property
    def between_classes(self) -> list[tuple[SurveyedImage, ...]]:
        """Groups that span several classes: at least one of the labels is wrong."""
        return [group for group in self.groups if len({each.label for each in group}) > 1]

    @property
    def num_spare(self) -> int:
        """Number of images that could be left out."""
        return sum(len(group) - 1 for group in self.groups)


def duplicates(images: Iterable[SurveyedImage]) -> Duplicates:
    """Find the groups of images with equal digests."""
    groups: dict[bytes, list[SurveyedImage]] = {}
    for each in images:
        groups.setdefault(each.digest, []).append(each)
    return Duplicates(tuple(tuple(group) for group in groups.values() if len(group) > 1))
