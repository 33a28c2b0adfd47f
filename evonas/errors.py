"""Every error that evonas raises on purpose, as one tree.

EvonasError                exit code 2
|-- InputError             the user's input is wrong
|   |-- UnknownNameError   an unknown name
|   |-- SpaceError         a search space, or the YAML that describes it
|   |-- GenomeError        a genome that does not belong to its space
|   |-- RuleError          a learning rule, or a layer it cannot train
|   |-- DataError          a data set that is missing or damaged
|   |-- ConfigError        a setting of a run
|   |-- ObjectiveError     a user-defined objective that cannot be used
|   `-- RunFolderError     a run folder that cannot be used as requested
|-- ClusterError           exit code 3: the workers of a cluster cannot be reached
|-- MirrorError            exit code 3: the store that a run is mirrored to cannot be reached
|-- StorageError           exit code 3: a journal or a weight file is damaged
|-- DiskFullError          exit code 75: the disk is full and the run pauses
`-- CandidateFailure       one candidate failed; recorded, never shown as a number
    |-- TrainingDiverged   its loss or its weights stopped being finite
    |-- CatastrophicOverfitting  one-step adversarial training taught it to fool the step
    |-- MaskedAttack       its robustness cannot be measured by gradients
    `-- ObjectiveFailed    an objective raised an error, or gave no finite number
"""

from collections.abc import Sequence
from typing import Any, ClassVar


class EvonasError(Exception):
    """The base class: its text is written for the user, and is all that the user sees."""

    exit_code: ClassVar[int] = 2


class InputError(EvonasError):
    """The user's input is wrong; the text says where, what was expected and what was found."""


class UnknownNameError(InputError):
    """A name that is not in the table it is looked up in."""


class SpaceError(InputError):
    """A search space is malformed; the text has one line for every problem, with its path."""


class GenomeError(InputError):
    """A genome, or its text, does not belong to its space."""


class RuleError(InputError):
    """A learning rule is used in a way its mathematics does not allow."""


class DataError(InputError):
    """A data set is missing, damaged or too small for its use."""


class ConfigError(InputError):
    """A setting of a run is out of range, or two settings contradict each other."""


class ObjectiveError(InputError):
    """An objective of the user, or of a package, cannot be imported or is not an objective."""


class RunFolderError(InputError):
    """A run folder already holds something else, or does not hold a run."""


class StorageError(EvonasError):
    """A file that evonas wrote earlier, such as a journal or a weight file, is damaged."""

    exit_code: ClassVar[int] = 3


class ClusterError(EvonasError):
    """The workers of a cluster cannot be reached, or do not meet the requirements."""

    exit_code: ClassVar[int] = 3


class MirrorError(EvonasError):
    """The external store that a run is mirrored to cannot be reached, or rejects the run."""

    exit_code: ClassVar[int] = 3


class DiskFullError(EvonasError):
    """The disk is full; everything acknowledged so far is kept, and the run can be resumed."""

    exit_code: ClassVar[int] = 75  # EX_TEMPFAIL of sysexits.h: try again later


class CandidateFailure(EvonasError):
    """One candidate could not be evaluated; the study records it and continues."""

    kind: ClassVar[str] = "failed"


class TrainingDiverged(CandidateFailure):
    """The loss or the weights of a candidate stopped being finite."""

    kind: ClassVar[str] = "diverged"


class CatastrophicOverfitting(CandidateFailure):
    """Adversarial training with one step taught a candidate to fool the step, not to resist."""

    kind: ClassVar[str] = "overfitted"


class MaskedAttack(CandidateFailure):
    """A gradient-based attack had no gradient to follow, or followed wrong ones."""

    kind: ClassVar[str] = "masked"


class ObjectiveFailed(CandidateFailure):
    """An objective raised an error on a candidate, or gave no finite number."""

    kind: ClassVar[str] = "objective"


def some(names: Sequence[str], *, most: int = 10) -> str:
    """List the first names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def show(value: Any) -> str:
    """Show a value, short enough for a message."""
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
