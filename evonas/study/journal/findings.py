"""Findings about candidates after the search: attacks, controls, audits."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One result that plays no part in the search; unique in a run.

    Attributes:
        kind: such as ``control`` or ``audit``.
        key: key of the candidate.
        name: identifies it within its kind, such as ``all bp``.
        replicate: number of the training, from 0; 0 if there is only one.
        body: the result as JSON, without NaN and infinity.
    """

    kind: str
    key: str
    name: str
    replicate: int
    body: dict[str, Any]
