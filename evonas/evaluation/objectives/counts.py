"""``params``, ``flops`` and ``bio``: objectives counted on the untrained network."""

from evonas.evaluation.objectives.objective import Subject


def count_params(subject: Subject) -> float:
    """Number of trainable parameters."""
    from evonas.networks import count_parameters

    return count_parameters(subject.network)


def count_flops(subject: Subject) -> float:
    """Multiply-adds of the forward pass of one image."""
    from evonas.networks import count_multiply_adds

    return count_multiply_adds(subject.network, input_shape=subject.input_shape)


def count_bio(subject: Subject) -> float:
    """Share of the trainable weights whose rule does not transport the forward weights."""
    from evonas.rules import bio_share

    return bio_share(subject.network)
