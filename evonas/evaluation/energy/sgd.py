"""Count the work of the optimiser: SGD with Nesterov momentum and weight decay."""

from evonas.evaluation.energy.work import Work, moved, multiply_adds


def sgd_update(parameters: int) -> Work:
    """Work of one step: decay, momentum, look-ahead and descent, one multiply-add each.

    Weight, momentum and gradient are read; weight and momentum are written.
    """
    return multiply_adds(4 * parameters) + moved(5 * parameters)
