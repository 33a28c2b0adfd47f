"""Report of the checks for gradient masking; does not import torch."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, final

MEANINGS: dict[str, str] = {
    "grad_honesty": "the gradient does not predict the loss",
    "zero_gradient": "on some images there is no gradient to follow",
    "saturation": "logits so large that plain cross-entropy has no gradient",
    "square_gap": "a black-box attack succeeds where all gradient attacks fail",
    "order": "accuracy is higher at a larger radius",
    "half_range": "accuracy above chance although every image can be turned into the same grey",
    "step_gap": "the same attack with many more steps succeeds on many more images",
}
"""For each check by name, what it means if the check is flagged."""


@final
@dataclass(frozen=True)
class MaskingCheck:
    """Result of one check for gradient masking.

    Attributes:
        name: name in :data:`MEANINGS`.
        value: measured value; None if it could not be measured, which is never flagged.
        threshold: value above which the check is flagged.
        is_flagged: whether the robustness found by gradient attacks is in doubt.
    """

    name: str
    value: float | None
    threshold: float
    is_flagged: bool


@final
@dataclass(frozen=True)
class Masking:
    """Masking diagnostics of one network at one radius.

    Attributes:
        checks: checks, in the order of :data:`MEANINGS`.
        surrogate_gap: accuracy under APGD along the network's own backward pass, minus that along
            the true gradient. It characterises the learning rule and is no flag of the network.
            None for a network without learning rules.
        gradient_cosine: cosine between the two gradients, averaged over images; None for a
            network without learning rules.
        num_images: number of images examined.
    """

    checks: tuple[MaskingCheck, ...]
    surrogate_gap: float | None
    gradient_cosine: float | None
    num_images: int

    @property
    def flags(self) -> tuple[str, ...]:
        """Names of the flagged checks; empty if nothing indicates masking."""
        return tuple(check.name for check in self.checks if check.is_flagged)

    def value(self, name: str) -> float | None:
        """Value of the check called ``name``; None if it was not measured."""
        return next((check.value for check in self.checks if check.name == name), None)

    def as_document(self) -> dict[str, Any]:
        """Convert to a JSON document, flags included."""
        return {
            "flags": list(self.flags),
            "checks": [asdict(check) for check in self.checks],
            "surrogate_gap": self.surrogate_gap,
            "gradient_cosine": self.gradient_cosine,
            "num_images": self.num_images,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Masking":
        """Read a document that :meth:`as_document` wrote.

        Raises:
            KeyError: an entry is missing.
            TypeError: a check has other entries.
        """
        return cls(
            tuple(MaskingCheck(**check) for check in document["checks"]),
            document["surrogate_gap"],
            document["gradient_cosine"],
            document["num_images"],
        )
