"""``acc``: the share of validation images that are classified correctly."""

from evonas.evaluation.objectives.objective import Subject


def measure_accuracy(subject: Subject) -> float:
    """Accuracy on the validation part, in [0, 1]."""
    from evonas.evaluation.accuracy import accuracy

    return accuracy(subject.network, subject.validation)


def measure_clean_accuracy(subject: Subject) -> float:
    """Accuracy on the clean versions of the attacked images: an upper bound of ``robust``."""
    from evonas.evaluation.accuracy import accuracy

    return accuracy(subject.network, subject.attacked)
