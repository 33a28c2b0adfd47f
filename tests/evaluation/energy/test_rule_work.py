"""Work of each rule on one layer; oracle: hand counts from its equation."""

from dataclasses import dataclass, replace

import pytest
from torch import Tensor

from evonas.evaluation.energy.rule_work import send, update
from evonas.evaluation.energy.trace import LayerUse
from evonas.evaluation.energy.work import Picojoules, Work
from evonas.rules import (
    RULES,
    AbstractFeedbackRule,
    AbstractRule,
    AbstractRuleLayer,
    LocalLoss,
)
from evonas.rules.own_update.own_update import AbstractOwnUpdateRule

# a 3 x 3 convolution of 2 to 4 channels on 8 x 8 positions, ten classes
INPUTS, OUTPUTS, WEIGHTS, PRODUCTS, CLASSES, BATCH = 128, 256, 72, 256 * 18, 10, 6
G, X = BATCH * OUTPUTS, BATCH * INPUTS


def layer(rule: AbstractRule) -> LayerUse:
    return LayerUse(
        rule, WEIGHTS, 0, INPUTS, OUTPUTS, 4, PRODUCTS, is_first=False, num_classes=CLASSES
    )


def named(name: str) -> LayerUse:
    return layer(RULES[name]())


PASS = BATCH * PRODUCTS
SENT = {
    "bp": Work(PASS, PASS, G + X + WEIGHTS),
    "fa": Work(PASS + WEIGHTS, PASS, G + X, WEIGHTS),
    "usf": Work(X, PASS, G + X + WEIGHTS),
    "frsf": Work(PASS + 2 * WEIGHTS, PASS, G + X + WEIGHTS, WEIGHTS),
    "brsf": Work(PASS + 2 * WEIGHTS, PASS, G + X + WEIGHTS, WEIGHTS),
    # reads B, and trains it: four multiply-adds and five words each
    "kp": Work(PASS + 4 * WEIGHTS, PASS + 4 * WEIGHTS, G + X + 6 * WEIGHTS),
    # reads B; 64 noise patterns pass through W and give the target of B: two more per weight
    "wm": Work(
        PASS + 130 * WEIGHTS, PASS + 130 * WEIGHTS, G + X + 4 * WEIGHTS, random_numbers=64 * 18
    ),
    # a random B of width 40; back through R, its correlation and its step: ten times those of W
    "pfa": Work(
        multiplications=40 * G + 160 + 20 * PASS + 40 * WEIGHTS,
        additions=40 * G + 20 * PASS + 40 * WEIGHTS,
        words=G + 10 * G + (10 * G + X + 10 * WEIGHTS) * 2 + 50 * WEIGHTS,
        random_numbers=160,
    ),
    "dfa": Work(X * CLASSES, X * CLASSES, X + BATCH * CLASSES + CLASSES * INPUTS),
    "sdfa": Work(0, X * CLASSES, X + BATCH * CLASSES + CLASSES * INPUTS),
    "drtp": Work(words=X + 6 * INPUTS),
    "local": Work(),
}


@pytest.mark.parametrize("name", SENT)
def test_send_cost_matches_the_rules_equation(name: str) -> None:
    assert send(named(name), batch=BATCH) == SENT[name]


def test_every_rule_has_cost_and_first_layer_sends_nothing() -> None:
    for name, rule in RULES.items():
        use = layer(rule())
        assert update(use, batch=BATCH).microjoules() > 0.0, name
        assert send(replace(use, is_first=True), batch=BATCH) == Work()


def test_update_of_feedback_rules_costs_one_correlation() -> None:
    expected = Work(PASS, PASS, X + G + WEIGHTS)
    for name in ("bp", "fa", "usf", "frsf", "brsf", "kp", "wm", "pfa", "dfa", "sdfa", "drtp"):
        assert update(named(name), batch=BATCH) == expected


def test_own_update_rule_has_the_cost_of_its_sender() -> None:
    for name in ("hebb", "oja", "bcm", "btsp", "stdp"):
        assert send(named(name), batch=BATCH) == SENT["usf"]
    oja = RULES["oja"]
    assert issubclass(oja, AbstractOwnUpdateRule)
    for sender in ("fa", "bp"):
        assert send(layer(oja(send=sender)), batch=BATCH) == SENT[sender]
    assert send(layer(oja(send="none")), batch=BATCH) == Work()


def test_stdp_replaces_products_by_sums() -> None:
    cost = update(named("stdp"), batch=BATCH)
    frames = 8
    assert cost.additions > 3 * frames * PASS > cost.multiplications
    assert cost.random_numbers == frames * INPUTS  # all images share them


def test_predictive_coding_repeats_passes_for_each_sweep() -> None:
    alone, inside = named("pc"), replace(named("pc"), sweeps=4)
    assert send(alone, batch=BATCH) == SENT["bp"]
    assert send(inside, batch=BATCH) == SENT["bp"] * 4
    forward = Work(PASS, PASS, X + G + WEIGHTS)
    correlation = forward  # reads inputs and outputs of a forward pass, and writes weights
    assert update(inside, batch=BATCH) == correlation + forward * 5
    assert update(alone, batch=BATCH) == correlation + SENT["bp"]


def test_local_loss_head_reads_its_pooled_map_three_times() -> None:
    more = update(named("local"), batch=BATCH)
    features = 4 * 2 * 2
    correlation = Work(PASS, PASS, X + G + WEIGHTS)
    read = BATCH * features * CLASSES
    assert more.multiplications == correlation.multiplications + 5 * G + 3 * read


def test_work_of_similarity_term_and_of_random_heads() -> None:
    plain = update(named("local"), batch=BATCH)
    # deviations; cosines and their slopes for 4 channels, and those of the labels
    pairs = 2 * G + BATCH**2 * (3 * 4 + CLASSES)
    trained = update(layer(LocalLoss(beta=0.99)), batch=BATCH)
    # a 3 x 3 convolution of 4 to 4 channels passes forward, back and to its weights
    assert trained.multiplications == plain.multiplications + pairs + 3 * G * 4 * 9
    random = update(layer(LocalLoss(heads="random", beta=0.99)), batch=BATCH)
    weights = 4 * 2 * 2 * CLASSES
    # the map is drawn and scaled in both directions, and does not learn
    read = 2 * weights - BATCH * weights
    assert random.multiplications == plain.multiplications + pairs + read
    assert random.random_numbers == 2 * weights


def test_work_of_mono_forward_and_contrast_losses() -> None:
    correlation = Work(PASS, PASS, X + G + WEIGHTS)
    mono = update(layer(LocalLoss(loss="mono-forward")), batch=BATCH)
    read = BATCH * 4 * 2 * 2 * CLASSES
    assert mono.multiplications == correlation.multiplications + 3 * read
    pairs = update(layer(LocalLoss(loss="contrast")), batch=BATCH)
    # a mean and a deviation of every input; two kinds of pairs, squared and passed back
    assert pairs.multiplications == 2 * PASS + 2 * X + 4 * G
    assert pairs.words == 2 * (X + G + WEIGHTS) + 3 * X + 4 * G


def test_sign_and_direct_feedback_cost_less_than_bp() -> None:
    energy = {name: send(named(name), batch=BATCH).microjoules() for name in SENT}
    assert energy["dfa"] < energy["usf"] < energy["bp"] < energy["kp"]
    # drawing a number costs less than reading it
    assert energy["fa"] < energy["bp"]
    assert Picojoules().random_number < Picojoules().word


@dataclass(frozen=True)
class Strange(AbstractFeedbackRule):
    """A rule of a third party."""

    def feedback(self, layer: AbstractRuleLayer) -> Tensor:
        return layer.weight


def test_unknown_rule_has_the_cost_of_bp() -> None:
    assert send(layer(Strange()), batch=BATCH) == SENT["bp"]
