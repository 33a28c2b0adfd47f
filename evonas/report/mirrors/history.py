"""Extract all trainings from a journal, including those in progress."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from evonas.evaluation.record import Evaluation
from evonas.study.journal import kinds
from evonas.study.journal.entry import Entry
from evonas.study.journal.events import Asked, Repeated, Retried, Told
from evonas.study.journal.reading import events_of, since_extended
from evonas.study.results.trainings import is_whole

TrainingState = Literal["running", "stopped", "refused", "failed", "whole"]


@dataclass(frozen=True)
class Training:
    """One training of one candidate.

    Attributes:
        key: key of the candidate.
        genome: genome of the candidate as text.
        replicate: number of the training among those of the candidate, from 0.
        attempt: 0, or the number of the retry after a failure with an outside cause.
        result: latest result; None until there is one.
        position: position of the last journal entry about this training.
    """

    key: str
    genome: str
    replicate: int
    attempt: int
    result: Evaluation | None
    position: int

    @property
    def name(self) -> str:
        """Name of the training, unique in the run; letters, digits and hyphens."""
        retry = f"-a{self.attempt}" if self.attempt else ""
        return f"{self.key}-r{self.replicate}{retry}"

    @property
    def state(self) -> TrainingState:
        """Progress of the training.

        ``running``: no result yet. ``stopped``: on a rung, from which it may be promoted.
        ``refused``: before training, or before its expensive objectives were measured. ``failed``:
        the training failed. ``whole``: complete, whether or not it satisfies the constraints.
        """
        if self.result is None:
            return "running"
        if self.result.failure is not None:
            return "failed"
        if is_whole(self.result):
            return "whole"
        reasons = (self.result.left_out or "").split("; ")
        return "stopped" if any(each.startswith("stopped") for each in reasons) else "refused"


@dataclass(frozen=True)
class Result:
    """The result of a training.

    Attributes:
        position: position of its entry in the journal.
        evaluation: record of the evaluation.
    """

    position: int
    evaluation: Evaluation


def trainings_of(entries: Iterable[Entry]) -> list[Training]:
    """All trainings with their latest results, in the order of their requests.

    A retried training appears twice: as the failure, and as the retry. A training without a result
    that was requested before the search was extended is left out, unless it was requested again.

    Args:
        entries: entries of the journal, in order.

    Raises:
        ValueError, TypeError, KeyError: an entry is damaged.
    """
    entries = list(entries)
    first_open = entries[-len(since_extended(entries))].position if entries else 0
    genomes: dict[str, str] = {}
    attempts: dict[tuple[str, int], int] = {}
    found: dict[tuple[str, int, int], Training] = {}
    for entry in entries:
        for event in events_of([entry]):
            if isinstance(event, Asked):
                genomes[event.key] = str(entry.document["genome"])
                training = (event.key, 0)
            elif isinstance(event, Repeated):
                training = (event.key, event.replicate)
            elif isinstance(event, Retried):
                training = (event.key, event.replicate)
                attempts[training] = event.attempt
            elif isinstance(event, Told):
                training = (event.evaluation.key, event.evaluation.replicate)
            else:
                continue
            name = (*training, attempts.get(training, 0))
            known = found.get(name) or Training(
                name[0], genomes[name[0]], name[1], name[2], None, entry.position
            )
            result = event.evaluation if isinstance(event, Told) else known.result
            found[name] = replace(known, result=result, position=entry.position)
    return [t for t in found.values() if t.result is not None or t.position >= first_open]


def results_of(entries: Iterable[Entry]) -> list[Result]:
    """All results, in the order of the journal.

    Raises:
        ValueError, TypeError, KeyError: an entry is damaged.
    """
    told = [entry for entry in entries if entry.kind == kinds.TOLD]
    return [
        Result(entry.position, event.evaluation)
        for entry in told
        for event in events_of([entry])
        if isinstance(event, Told)
    ]
