"""``corruption``: mean accuracy on corrupted images, of evonas's own set ``mCA-native-8``."""

from evonas.evaluation.objectives.objective import MeasuredValue, Subject


def measure_corruption(subject: Subject) -> MeasuredValue:
    """Mean accuracy in [0, 1] on corrupted versions of the attacked images, with fixed noise."""
    from evonas.evaluation.corruptions.corruption_accuracy import corruption_accuracy
    from evonas.seeds import derive_seed

    found = corruption_accuracy(
        subject.network, subject.attacked, seed=derive_seed(subject.attack_seed, "corruption")
    )
    return MeasuredValue(found.value, found.standard_error)
