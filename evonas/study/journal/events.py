"""The events of a search, as the journal records and a replay repeats them."""

from dataclasses import dataclass

from evonas.evaluation.record import Evaluation


@dataclass(frozen=True)
class Asked:
    """A new candidate was requested."""

    key: str
    generation: int


@dataclass(frozen=True)
class Promoted:
    """A candidate was promoted, to be trained up to the end of this epoch."""

    key: str
    epochs: int


@dataclass(frozen=True)
class Repeated:
    """A known candidate gets another replicate, numbered above 0."""

    key: str
    replicate: int
    generation: int


@dataclass(frozen=True)
class Retried:
    """A training lost to a cause outside the network is repeated from the start.

    Its result replaces the failure. The search receives it unless it has already received the
    failure.
    """

    key: str
    replicate: int
    epochs: int
    attempt: int


@dataclass(frozen=True)
class NothingRequested:
    """The search had no new request while trainings ran; their results may change that."""


@dataclass(frozen=True)
class Told:
    """A candidate was evaluated."""

    evaluation: Evaluation


Event = Asked | Promoted | Repeated | Retried | NothingRequested | Told
