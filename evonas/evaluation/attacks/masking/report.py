"""The checks for gradient masking; readable without torch."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, final

MEANINGS: dict[str, str] = {
    "grad_honesty": "the gradient does not predict the loss",
    "zero_gradient": "on some images there is no gradient to follow",
    "saturation": "logits so large that plain cross-entropy has no gradient",
    "square_gap": "a black-box attack succeeds where all gradient attacks fail",
    "order": "a larger radius leaves more accuracy",
    "half_range": "more than chance is left where every image can become the same grey",
    "step_gap": "many more steps of the same attack still find much more",
}
"""The checks by name, and the meaning of a flag."""


@final
@dataclass(frozen=True)
class MaskingCheck:
    """One diagnostic.

    Attributes:
        name: in :data:`MEANINGS`.
        value: the measurement; None if impossible, and then never flagged.
        threshold: the value above which it is flagged.
        is_flagged: whether robustness under gradient attacks is in doubt.
    """

    name: str
    value: float | None
    threshold: float
    is_flagged: bool


@final
@dataclass(frozen=True)
class Masking:
    """The diagnostics of one network at one radius.

    Attributes:
        checks: in the order of :data:`MEANINGS`.
        surrogate_gap: accuracy left under APGD along the network's own backward pass, less that
            along the true gradient. It is a property of the learning rule, whoever attacks along
            it, and no flag of the network. None for a network without learning rules.
        gradient_cosine: between the two gradients, mean over images; None as above.
        num_images: the number of images that were looked at.
    """

    checks: tuple[MaskingCheck, ...]
    surrogate_gap: float | None
    gradient_cosine: float | None
    num_images: int

    @property
    def flags(self) -> tuple[str, ...]:
        """Names of the flagged checks; empty if there is no sign of masking."""
        return tuple(check.name for check in self.checks if check.is_flagged)

    def value(self, name: str) -> float | None:
        """Of the check called ``name``; None where it was not measured."""
        return next((check.value for check in self.checks if check.name == name), None)

    def as_document(self) -> dict[str, Any]:
        """As a JSON document, flags included."""
        return {
            "flags": list(self.flags),
            "checks": [asdict(check) for check in self.checks],
            "surrogate_gap": self.surrogate_gap,
            "gradient_cosine": self.gradient_cosine,
            "num_images": self.num_images,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Masking":
        """Parse a document from :meth:`as_document`.

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
