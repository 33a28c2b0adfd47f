"""``energy`` and ``energy_training``: estimates in microjoules an image, before any training."""

from evonas.evaluation.objectives.objective import Subject


def estimate_inference_energy(subject: Subject) -> float:
    """Of one image by itself, in microjoules."""
    from evonas.evaluation.energy.network_work import inference_work

    return inference_work(subject.network, input_shape=subject.input_shape).microjoules()


def estimate_training_energy(subject: Subject) -> float:
    """Of one training step, by the rule of each layer, in microjoules an image of its batch."""
    from evonas.evaluation.energy.network_work import training_work

    step = training_work(subject.network, input_shape=subject.input_shape, batch=subject.batch)
    return step.total.microjoules() / subject.batch
