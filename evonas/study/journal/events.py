"""What happens in a search, as the journal holds it and a replay repeats it."""

from dataclasses import dataclass

from evonas.evaluation.record import Evaluation


@dataclass(frozen=True)
class Asked:
    """A new candidate was asked for."""

    key: str
    generation: int


@dataclass(frozen=True)
class Promoted:
    """A candidate was sent on, to be trained up to the end of this epoch."""

    key: str
    epochs: int


@dataclass(frozen=True)
class Repeated:
    """A known candidate is trained once more; its replicate is above 0."""

    key: str
    replicate: int
    generation: int


@dataclass(frozen=True)
class Retried:
    """A training that was lost to a cause outside the network is tried again, from its start.

    Its result takes the place of the failure. The search is told of it unless it was told of the
    failure before.
    """

    key: str
    replicate: int
    epochs: int
    attempt: int


@dataclass(frozen=True)
class AskedInVain:
    """The search had nothing to ask for while trainings ran; their results may change that."""


@dataclass(frozen=True)
class Told:
    """A candidate was evaluated."""

    evaluation: Evaluation


Event = Asked | Promoted | Repeated | Retried | AskedInVain | Told
