"""Every error evonas raises on purpose, as one tree.

EvonasError                exit code 2
|-- InputError             what the user gave is wrong
|   |-- UnknownNameError   a name that no table knows
|   |-- SpaceError         a search space, or the YAML that describes it
|   |-- GenomeError        a genome that does not belong to its space
|   |-- RuleError          a learning rule, or a layer it cannot train
|   |-- DataError          a data set that is missing or damaged
|   |-- ConfigError        a setting of a run
|   |-- ObjectiveError     an objective of one's own that cannot be used
|   `-- RunFolderError     a run folder that cannot be used as asked
|-- ClusterError           exit code 3: the workers of a cluster cannot be reached
|-- MirrorError            exit code 3: what a run is mirrored to cannot be reached
|-- StorageError           exit code 3: a journal or a weight file is damaged
|-- DiskFullError          exit code 75: a run pauses, as nothing more can be written
`-- CandidateFailure       one candidate failed; recorded, never shown as a number
    |-- TrainingDiverged   its loss or its weights stopped being finite
    |-- CatastrophicOverfitting  one-step adversarial training taught it to fool the step
    |-- MaskedAttack       its robustness cannot be measured by gradients
    `-- ObjectiveFailed    an objective raised an error, or gave no finite number
"""

from collections.abc import Sequence
from typing import Any, ClassVar


class EvonasError(Exception):
    """The root: its text is written for the user, and is all the user sees."""

    exit_code: ClassVar[int] = 2


class InputError(EvonasError):
    """What the user gave is wrong; the text says where, what was expected and what came."""


class UnknownNameError(InputError):
    """A name that its table does not know."""


class SpaceError(InputError):
    """A search space is not well formed; one line for every problem, each with its path."""


class GenomeError(InputError):
    """A genome, or its text, does not belong to its space."""


class RuleError(InputError):
    """A learning rule is used in a way its mathematics does not allow."""


class DataError(InputError):
    """A data set is missing, damaged or too small for what is asked of it."""


class ConfigError(InputError):
    """A setting of a run is out of range, or two settings contradict each other."""


class ObjectiveError(InputError):
    """An objective of the user's own, or of a package, cannot be imported or is none."""


class RunFolderError(InputError):
    """A run folder already holds something else, or does not hold a run."""


class StorageError(EvonasError):
    """What evonas wrote earlier can no longer be trusted: a damaged journal or weight file."""

    exit_code: ClassVar[int] = 3


class ClusterError(EvonasError):
    """The workers of a cluster cannot be reached, or are not what they must be."""

    exit_code: ClassVar[int] = 3


class MirrorError(EvonasError):
    """The store of another tool that a run is mirrored to cannot be reached, or refuses."""

    exit_code: ClassVar[int] = 3


class DiskFullError(EvonasError):
    """Nothing more can be written; what was acknowledged is kept, and the run can go on later."""

    exit_code: ClassVar[int] = 75  # EX_TEMPFAIL of sysexits.h: try again later


class CandidateFailure(EvonasError):
    """One candidate could not be evaluated; the study records it and continues."""

    kind: ClassVar[str] = "failed"


class TrainingDiverged(CandidateFailure):
    """A candidate's loss or weights stopped being finite."""

    kind: ClassVar[str] = "diverged"


class CatastrophicOverfitting(CandidateFailure):
    """Adversarial training with one step taught a candidate to fool the step, not to resist."""

    kind: ClassVar[str] = "overfitted"


class MaskedAttack(CandidateFailure):
    """An attack that follows gradients had none to follow, or followed wrong ones."""

    kind: ClassVar[str] = "masked"


class ObjectiveFailed(CandidateFailure):
    """An objective raised an error on a candidate, or gave no finite number."""

    kind: ClassVar[str] = "objective"


def some(names: Sequence[str], *, most: int = 10) -> str:
    """The first names of a list, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def show(value: Any) -> str:
    """What came, short enough for a message."""
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
