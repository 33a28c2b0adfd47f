"""Count the work of parts without weights: normalisation, activations, pooling, sums, attention.

Nothing is fused: each part reads its inputs from memory and writes its outputs to it. All counts
are for a batch. Identities and concatenations cost nothing.
"""

from evonas.evaluation.energy.trace import PartUse
from evonas.evaluation.energy.work import NOTHING, Work, moved, multiply_adds


def forward(part: PartUse, *, batch: int, is_training: bool) -> Work:
    """Work of one forward pass of a batch."""
    inputs, outputs = batch * part.inputs, batch * part.outputs
    match part.kind:
        case "normalisation" if is_training:
            # mean and variance in one pass, then a scale and an offset in another
            sums = Work(multiplications=inputs, additions=2 * inputs)
            return sums + multiply_adds(inputs) + moved(3 * inputs + 2 * part.channels)
        case "normalisation" | "scaling":
            return multiply_adds(inputs) + moved(2 * inputs + 2 * part.channels)
        case "activation":
            return Work(additions=inputs) + moved(inputs + outputs)
        case "average pool":
            sums = Work(multiplications=outputs, additions=outputs * part.window)
            return sums + moved(inputs + outputs)
        case "maximum pool":
            return Work(additions=outputs * part.window) + moved(inputs + outputs)
        case "sum":
            return Work(additions=outputs) + moved(3 * outputs)
        case "gates":
            # channel means, sigmoids counted as comparisons, one product per number
            channels = batch * part.channels
            gating = Work(multiplications=inputs + channels, additions=inputs + channels)
            return gating + moved(3 * inputs + 2 * channels)
        case "attention":
            # queries by keys and scores by values; softmax: an addition and a division per score
            scores = batch * part.channels
            softmax = Work(multiplications=scores, additions=scores)
            return (
                multiply_adds(2 * outputs * part.window)
                + softmax
                + moved(inputs + outputs + 4 * scores)
            )


def backward(part: PartUse, *, batch: int) -> Work:
    """Work of one backward pass of a batch, including sums where a value was read repeatedly."""
    if not part.is_passed_back:
        return NOTHING  # no layer below learns
    inputs, outputs = batch * part.inputs, batch * part.outputs
    joined = batch * part.joined_backward
    joining = Work(additions=joined) + moved(3 * joined)
    match part.kind:
        case "normalisation":
            # the sums of g and of g x, then the signal from both; x and g are read twice
            own = Work(multiplications=3 * inputs, additions=4 * inputs) + moved(5 * inputs)
            return own + moved(2 * part.channels)
        case "activation":
            return Work(additions=inputs) + moved(3 * inputs) + joining
        case "average pool":
            spread = Work(multiplications=outputs, additions=outputs * part.window)
            return spread + moved(inputs + outputs)
        case "maximum pool":
            return Work(additions=outputs) + moved(inputs + 2 * outputs)
        case "sum":
            return joining  # each term receives the signal unchanged
        case "gates":
            # to the input through gates and means; to the gates one product per number
            both = Work(multiplications=2 * inputs, additions=3 * inputs)
            return both + moved(6 * inputs + 2 * batch * part.channels)
        case "attention":
            # two products for each of the two products of the forward pass
            scores = batch * part.channels
            softmax = Work(multiplications=2 * scores, additions=2 * scores)
            return (
                multiply_adds(4 * outputs * part.window)
                + softmax
                + moved(2 * inputs + outputs + 6 * scores)
            )
        case "scaling":
            return NOTHING  # the images need no signal
