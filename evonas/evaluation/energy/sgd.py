"""Work of the optimiser: stochastic gradient descent with Nesterov momentum and weight decay."""

from evonas.evaluation.energy.work import Work, moved, multiply_adds


def sgd_update(parameters: int) -> Work:
    """Of one step: decay, momentum, look-ahead, descent; a multiply-add each.

    Weight, momentum and gradient are read, weight and momentum written.
    """
    return multiply_adds(4 * parameters) + moved(5 * parameters)
