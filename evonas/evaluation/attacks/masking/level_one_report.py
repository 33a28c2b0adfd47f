"""Report of level 1 on a network; does not import torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from evonas.evaluation.attacks.masking.report import Masking


@final
@dataclass(frozen=True)
class LevelOne:
    """Accuracies of one network under the attacks of the search and of level 1, and diagnostics.

    Attributes:
        clean: share of the images classified correctly without attack.
        accuracies: for each attack by name, share still correct after it and those before it.
        worst_case: share correct under all attacks, image by image.
        standard_error: standard error of ``worst_case`` due to the finite number of images.
        masking: masking diagnostics.
        num_images: number of attacked images.
    """

    clean: float
    accuracies: Mapping[str, float]
    worst_case: float
    standard_error: float
    masking: Masking
    num_images: int

    @property
    def flags(self) -> tuple[str, ...]:
        """Names of the checks that indicate masking; empty if none does."""
        return self.masking.flags

    def as_document(self) -> dict[str, Any]:
        """Convert to a JSON document."""
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
        """Read a document that :meth:`as_document` wrote.

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
