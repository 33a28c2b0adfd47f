"""Count the work of a layer with weights in one training step of a batch, depending on its rule.

The cost is that of the rule itself, not of its implementation in evonas: ``kp`` is counted with
the second set of weights that it trains, although evonas does not store it. Constant random
numbers (``fa``, ``frsf``) are drawn again from their counter at every step, which costs less than
reading them. Products with signs count as additions.
"""

from collections.abc import Callable

from evonas.evaluation.energy.sgd import sgd_update
from evonas.evaluation.energy.trace import LayerUse
from evonas.evaluation.energy.work import NOTHING, Work, moved, multiply_adds
from evonas.rules import (
    AbstractOwnUpdateRule,
    AbstractPlasticityRule,
    AbstractRule,
    Backprop,
    BatchRandomSign,
    DirectFeedbackAlignment,
    DirectRandomTarget,
    FeedbackAlignment,
    FixedRandomSign,
    KolenPollack,
    LocalLoss,
    PredictiveCoding,
    ProductFeedback,
    SignedDirectFeedback,
    SpikeTiming,
    UniformSign,
    WeightMirror,
)
from evonas.rules.own_update.own_update import SENDERS

LayerWork = Callable[[AbstractRule, LayerUse, int], Work]


def forward(layer: LayerUse, *, batch: int) -> Work:
    """Work of a forward pass: products and biases; reads inputs and weights, writes outputs."""
    return (
        multiply_adds(batch * layer.products)
        + Work(additions=batch * layer.outputs if layer.biases else 0)
        + moved(batch * (layer.inputs + layer.outputs) + layer.weights + layer.biases)
    )


def send(layer: LayerUse, *, batch: int) -> Work:
    """Work of the signal that a layer sends to its input; nothing for the first layer."""
    return NOTHING if layer.is_first else _by_class(SENDS, layer.rule)(layer.rule, layer, batch)


def update(layer: LayerUse, *, batch: int) -> Work:
    """Work of the weight update that replaces the gradient, and of the bias gradient."""
    if not layer.learns:
        return NOTHING
    bias = Work(additions=batch * layer.outputs) + moved(batch * layer.outputs + layer.biases)
    own = _by_class(UPDATES, layer.rule)(layer.rule, layer, batch)
    return own + bias if layer.biases else own


def transposed(layer: LayerUse, batch: int, *, read: int) -> Work:
    """Work of K(g; V), with ``read`` numbers of V read from memory."""
    return multiply_adds(batch * layer.products) + moved(
        batch * (layer.outputs + layer.inputs) + read
    )


def correlation(layer: LayerUse, batch: int) -> Work:
    """Work of the correlation C(x, g)."""
    return multiply_adds(batch * layer.products) + moved(
        batch * (layer.inputs + layer.outputs) + layer.weights
    )


def _send_weights(_: AbstractRule, layer: LayerUse, batch: int) -> Work:
    """W is read again. Also the assumed cost of unknown rules."""
    return transposed(layer, batch, read=layer.weights)


def _send_random(_: AbstractRule, layer: LayerUse, batch: int) -> Work:
    """B is drawn, scaled and never stored."""
    made = Work(multiplications=layer.weights, random_numbers=layer.weights)
    return transposed(layer, batch, read=0) + made


def _send_signs(_: AbstractRule, layer: LayerUse, batch: int) -> Work:
    """sign(W): additions; one product with sigma per number sent."""
    signed = Work(
        multiplications=batch * layer.inputs, additions=batch * layer.products
    )  # fmt: skip
    return signed + moved(batch * (layer.outputs + layer.inputs) + layer.weights)


def _send_random_magnitudes(_: AbstractRule, layer: LayerUse, batch: int) -> Work:
    """|M| sign(W): W is read, M is drawn; two products per weight."""
    made = Work(multiplications=2 * layer.weights, random_numbers=layer.weights)
    return transposed(layer, batch, read=layer.weights) + made


def _send_learnt(_: AbstractRule, layer: LayerUse, batch: int) -> Work:
    """B is read, and learns like W from the same gradient."""
    return transposed(layer, batch, read=layer.weights) + sgd_update(layer.weights)


def _send_mirrored(rule: AbstractRule, layer: LayerUse, batch: int) -> Work:
    """B is read; in the mirror phase, noise passes through W and updates B by correlation."""
    assert isinstance(rule, WeightMirror)
    drawn = rule.noises * layer.groups * (layer.weights // layer.channels)
    phase = multiply_adds(2 * rule.noises * layer.weights) + multiply_adds(2 * layer.weights)
    phase = phase + moved(3 * layer.weights) + Work(random_numbers=drawn)
    return transposed(layer, batch, read=layer.weights) + phase


def _send_product(rule: AbstractRule, layer: LayerUse, batch: int) -> Work:
    """The signal is expanded by B, which is drawn again, and sent through R, which is trained."""
    assert isinstance(rule, ProductFeedback)
    times, width = rule.expansion, rule.expansion * layer.channels // layer.groups
    wide = batch * times * layer.outputs
    expand = multiply_adds(batch * layer.outputs * width) + Work(
        multiplications=layer.channels * width, random_numbers=layer.channels * width
    )
    back = multiply_adds(batch * times * layer.products) + moved(
        wide + batch * layer.inputs + times * layer.weights
    )
    learnt = multiply_adds(batch * times * layer.products) + moved(
        batch * layer.inputs + wide + times * layer.weights
    )
    written = moved(batch * layer.outputs + wide)
    return expand + written + back + learnt + sgd_update(times * layer.weights)


def _send_error(_: AbstractRule, layer: LayerUse, batch: int) -> Work:
    """E P, from the error of the logits; P is read once."""
    return multiply_adds(batch * layer.num_classes * layer.inputs) + _projected(layer, batch)


def _send_error_signs(_: AbstractRule, layer: LayerUse, batch: int) -> Work:
    """sign(e) P: additions."""
    return Work(additions=batch * layer.num_classes * layer.inputs) + _projected(layer, batch)


def _send_row(_: AbstractRule, layer: LayerUse, batch: int) -> Work:
    """The row of P for the image's class; rows are read once, and written for each image."""
    return moved((batch + min(batch, layer.num_classes)) * layer.inputs)


def _projected(layer: LayerUse, batch: int) -> Work:
    classes = layer.num_classes
    return moved(batch * (classes + layer.inputs) + classes * layer.inputs)


def _send_as_named_rule(rule: AbstractRule, layer: LayerUse, batch: int) -> Work:
    """Rules with an update of their own send like the rule that their option ``send`` names."""
    assert isinstance(rule, AbstractOwnUpdateRule)
    sender = SENDERS[rule.send]
    return NOTHING if sender is None else _by_class(SENDS, sender)(sender, layer, batch)


def _send_relaxed(rule: AbstractRule, layer: LayerUse, batch: int) -> Work:
    """In a segment, the layer sends once per sweep; outside of one, only once."""
    assert isinstance(rule, PredictiveCoding)
    once = _send_as_named_rule(rule, layer, batch)
    return once if layer.sweeps == 0 else once * layer.sweeps


def _update_by_signal(_: AbstractRule, layer: LayerUse, batch: int) -> Work:
    return correlation(layer, batch)


def _update_by_activity(_: AbstractRule, layer: LayerUse, batch: int) -> Work:
    """C(x, M) - rho W: two multiply-adds per output for M and rho, one per weight."""
    post = multiply_adds(2 * batch * layer.outputs) + moved(batch * layer.outputs)
    return correlation(layer, batch) + post + multiply_adds(layer.weights) + moved(layer.weights)


def _update_by_spikes(rule: AbstractRule, layer: LayerUse, batch: int) -> Work:
    """Encoding, a forward pass and two correlations of frames; spikes turn products into sums."""
    assert isinstance(rule, SpikeTiming)
    frames = rule.frames
    inputs, outputs = frames * batch * layer.inputs, frames * batch * layer.outputs
    passes = Work(additions=3 * frames * batch * layer.products) + moved(
        3 * (inputs + outputs + layer.weights)
    )
    encoding = Work(additions=inputs, random_numbers=frames * layer.inputs)
    traces = multiply_adds(inputs + 2 * outputs) + moved(2 * (inputs + outputs))
    return passes + encoding + traces + multiply_adds(2 * layer.weights)


def _update_by_head(rule: AbstractRule, layer: LayerUse, batch: int) -> Work:
    """A head is run and trained: normalisation, pooling, and a linear map to the classes.

    A random head is drawn again and not trained. With ``beta`` above 0, see :func:`_similarities`.
    Mono-Forward does not normalise. The contrastive loss has no head: inputs are standardised and
    run once more; both kinds of pairs are summed, rectified, squared, and passed back.
    """
    assert isinstance(rule, LocalLoss)
    outputs, channels = batch * layer.outputs, layer.channels
    if rule.loss == "contrast":
        inputs = batch * layer.inputs
        pairs = multiply_adds(4 * outputs) + Work(additions=4 * outputs) + moved(4 * outputs)
        standard = multiply_adds(2 * inputs) + moved(3 * inputs)
        return correlation(layer, batch) + forward(layer, batch=batch) + pairs + standard
    features = channels * (rule.pool**2 if layer.outputs > channels else 1)
    norm = Work(multiplications=5 * outputs, additions=8 * outputs) + moved(8 * outputs)
    shape = Work(additions=4 * outputs) + moved(6 * outputs + 2 * batch * features)
    weights = features * layer.num_classes
    passed = multiply_adds(batch * weights) + moved(batch * (features + layer.num_classes))
    if rule.heads == "random":
        read = passed * 2 + Work(multiplications=weights, random_numbers=weights) * 2
    else:
        read = (passed + moved(weights)) * 3
    head = shape + read if rule.loss == "mono-forward" else norm + shape + read
    if rule.beta:
        head = head + _similarities(rule, layer, batch)
    return correlation(layer, batch) + head


def _similarities(rule: LocalLoss, layer: LayerUse, batch: int) -> Work:
    """The term sim: deviations of channels, and cosines of all pairs of images, and back.

    A trained head first convolves its inputs, which costs three passes like any other layer.
    """
    outputs, channels = batch * layer.outputs, layer.channels
    spread = Work(multiplications=2 * outputs, additions=4 * outputs) + moved(4 * outputs)
    pairs = multiply_adds(batch**2 * (3 * channels + layer.num_classes)) + moved(
        6 * batch**2 + 4 * batch * channels
    )
    if rule.heads == "random":
        return spread + pairs
    taps = 9 if layer.outputs > channels else 1
    convolution = multiply_adds(outputs * channels * taps) + moved(
        2 * outputs + channels**2 * taps
    )
    return spread + pairs + convolution * 3


def _update_relaxed(rule: AbstractRule, layer: LayerUse, batch: int) -> Work:
    """C(v, e). A single layer needs one pass for v; a segment predicts ``steps`` + 1 times."""
    found = correlation(layer, batch)
    if layer.sweeps:
        return found + forward(layer, batch=batch) * (layer.sweeps + 1)
    return found if layer.is_first else found + _send_as_named_rule(rule, layer, batch)


SENDS: dict[type, LayerWork] = {
    AbstractRule: _send_weights,
    Backprop: _send_weights,
    FeedbackAlignment: _send_random,
    UniformSign: _send_signs,
    FixedRandomSign: _send_random_magnitudes,
    BatchRandomSign: _send_random_magnitudes,
    KolenPollack: _send_learnt,
    WeightMirror: _send_mirrored,
    ProductFeedback: _send_product,
    DirectFeedbackAlignment: _send_error,
    SignedDirectFeedback: _send_error_signs,
    DirectRandomTarget: _send_row,
    AbstractOwnUpdateRule: _send_as_named_rule,
    PredictiveCoding: _send_relaxed,
}
UPDATES: dict[type, LayerWork] = {
    AbstractRule: _update_by_signal,
    AbstractPlasticityRule: _update_by_activity,
    SpikeTiming: _update_by_spikes,
    LocalLoss: _update_by_head,
    PredictiveCoding: _update_relaxed,
}
"""Work functions by class; rules in neither table, such as third-party ones, cost like their base
class."""


def _by_class(table: dict[type, LayerWork], rule: AbstractRule) -> LayerWork:
    return next(table[each] for each in type(rule).__mro__ if each in table)
