"""``acc``: the share of validation images that are classified rightly."""

from evonas.evaluation.objectives.objective import Subject


def measure_accuracy(subject: Subject) -> float:
    """In [0, 1]."""
    from evonas.evaluation.accuracy import accuracy

    return accuracy(subject.network, subject.validation)


def measure_clean_accuracy(subject: Subject) -> float:
    """Of the attacked images, unattacked: an attack only adds errors."""
    from evonas.evaluation.accuracy import accuracy

    return accuracy(subject.network, subject.attacked)
