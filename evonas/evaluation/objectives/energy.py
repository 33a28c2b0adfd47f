"""``energy`` and ``energy_training``: estimates in microjoules per image, without training."""

from evonas.evaluation.objectives.objective import Subject


def estimate_inference_energy(subject: Subject) -> float:
    """Energy of classifying one image at batch size 1, in microjoules."""
    from evonas.evaluation.energy.network_work import inference_work

    return inference_work(subject.network, input_shape=subject.input_shape).microjoules()


def estimate_training_energy(subject: Subject) -> float:
    """Energy of one training step, with each layer's rule, in microjoules per image."""
    from evonas.evaluation.energy.network_work import training_work

    step = training_work(subject.network, input_shape=subject.input_shape, batch=subject.batch)
    return step.total.microjoules() / subject.batch
