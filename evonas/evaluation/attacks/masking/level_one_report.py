"""The level 1 results of a network; readable without torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from evonas.evaluation.attacks.masking.report import Masking


@final
@dataclass(frozen=True)
class LevelOne:
    """One network under the attack of the search and those of level 1, and its diagnostics.

    Attributes:
        clean: share of images correct without attack.
        accuracies: share still correct after each attack and the previous ones, by name.
        worst_case: share correct under all of them, image by image.
        standard_error: standard error of ``worst_case``, from a finite number of images.
        masking: the diagnostics.
        num_images: the number of images that were attacked.
    """

    clean: float
    accuracies: Mapping[str, float]
    worst_case: float
    standard_error: float
    masking: Masking
    num_images: int

    @property
    def flags(self) -> tuple[str, ...]:
        """Names of the flagged checks; empty if there are none."""
        return self.masking.flags

    def as_document(self) -> dict[str, Any]:
        """As a JSON document."""
        return {
            "clean": self.clean,
            "accuracies": dict(self.accuracies),
            "worst_case": self.worst_case,
            "standard_error": self.standard_error,
            "masking": self.masking.as_document(),
            "num_images": self.num_images,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "LevelOne":
        """Parse a document from :meth:`as_document`.

        Raises:
            KeyError: an entry is missing.
            TypeError: a check has other entries.
        """
        return cls(
            document["clean"],
            document["accuracies"],
            document["worst_case"],
            document["standard_error"],
            Masking.from_document(document["masking"]),
            document["num_images"],
        )
