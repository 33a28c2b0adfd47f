"""``corruption``: mean accuracy on corrupted images, a set of our own (``mCA-native-8``)."""

from evonas.evaluation.objectives.objective import MeasuredValue, Subject


def measure_corruption(subject: Subject) -> MeasuredValue:
    """In [0, 1], on the images that are attacked; the noise is that of the study."""
    from evonas.evaluation.corruptions.corruption_accuracy import corruption_accuracy
    from evonas.seeds import derive_seed

    found = corruption_accuracy(
        subject.network, subject.attacked, seed=derive_seed(subject.attack_seed, "corruption")
    )
    return MeasuredValue(found.value, found.standard_error)
