"""What is found out about candidates after the search: attacks, controls, audits."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One result that plays no part in the search; a run has each at most once.

    Attributes:
        kind: what it is a part of, such as ``control`` or ``audit``.
        key: key of the candidate that it is about.
        name: which of its kind, such as ``all bp``.
        replicate: which training, from 0; 0 where there is only one.
        body: the result, as JSON has it: no NaN, no infinity.
    """

    kind: str
    key: str
    name: str
    replicate: int
    body: dict[str, Any]
