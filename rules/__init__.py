"""Learning rules for convolutions and linear layers, and the layers that learn by them.

rule = RULES["fa"]()                                    # or FeedbackAlignment(scale="rms")
layer = RuleConv2d(16, 32, 3, padding=1, rule=rule)
wiring = connect(network, seed=0)                       # once, when the network is built
wiring.aim(labels)                                      # rules that learn from the targets
logits = wiring.watch(network(images))                  # each forward pass
wiring.advance(learning_rate=0.1, weight_decay=5e-4)    # after each step of the optimiser
with true_gradient(network): ...                        # exact gradients, for attacks
"""

if __name__ != "evonas.rules":  # importing it under two names would create every class twice
    raise ImportError(f"import the rules as evonas.rules, not as {__name__}")

from functools import cache

from evonas.rules.base import AbstractFeedbackRule, AbstractRule, AbstractRuleLayer
from evonas.rules.connect import connect, rule_layers, wirings
from evonas.rules.direct.direct_feedback_alignment import DirectFeedbackAlignment
from evonas.rules.direct.direct_random_target import DirectRandomTarget
from evonas.rules.direct.signed_direct_feedback import SignedDirectFeedback
from evonas.rules.feedback.backprop import Backprop
from evonas.rules.feedback.batch_random_sign import BatchRandomSign
from evonas.rules.feedback.feedback_alignment import FeedbackAlignment
from evonas.rules.feedback.fixed_random_sign import FixedRandomSign
from evonas.rules.feedback.kolen_pollack import KolenPollack
from evonas.rules.feedback.product_feedback import ProductFeedback
from evonas.rules.feedback.uniform_sign import UniformSign
from evonas.rules.feedback.weight_mirror import WeightMirror
from evonas.rules.layers import RuleConv2d, RuleLinear
from evonas.rules.own_update.bcm import BienenstockCooperMunro
from evonas.rules.own_update.btsp import BehaviouralTimescale
from evonas.rules.own_update.local_loss import LocalLoss
from evonas.rules.own_update.oja import Oja
from evonas.rules.own_update.own_update import AbstractOwnUpdateRule, Moment
from evonas.rules.own_update.plasticity import AbstractPlasticityRule
from evonas.rules.own_update.predictive_coding import PredictiveCoding
from evonas.rules.own_update.soft_hebb import SoftHebb
from evonas.rules.own_update.stdp import SpikeTiming
from evonas.rules.segment import AbstractSegmentRule, Segment
from evonas.rules.third_party import RuleTable, installed
from evonas.rules.tools.alignment import alignment
from evonas.rules.tools.batch_manhattan import batch_manhattan
from evonas.rules.tools.convert import convert
from evonas.rules.tools.exact import true_gradient
from evonas.rules.tools.first_layer import first_layer_representatives
from evonas.rules.tools.groups import parameter_groups
from evonas.rules.tools.readout import readout_representatives
from evonas.rules.tools.shares import bio_share, weights_by_rule
from evonas.rules.wiring import Wiring

RULES: dict[str, type[AbstractRule]] = {
    Backprop.name: Backprop,
    FeedbackAlignment.name: FeedbackAlignment,
    UniformSign.name: UniformSign,
    FixedRandomSign.name: FixedRandomSign,
    BatchRandomSign.name: BatchRandomSign,
    KolenPollack.name: KolenPollack,
    WeightMirror.name: WeightMirror,
    ProductFeedback.name: ProductFeedback,
    DirectFeedbackAlignment.name: DirectFeedbackAlignment,
    SignedDirectFeedback.name: SignedDirectFeedback,
    DirectRandomTarget.name: DirectRandomTarget,
    SoftHebb.name: SoftHebb,
    Oja.name: Oja,
    BienenstockCooperMunro.name: BienenstockCooperMunro,
    BehaviouralTimescale.name: BehaviouralTimescale,
    SpikeTiming.name: SpikeTiming,
    LocalLoss.name: LocalLoss,
    PredictiveCoding.name: PredictiveCoding,
}
ALIASES: dict[str, str] = {"hippo": BehaviouralTimescale.name}  # see docs/rules.md


@cache  # the installed packages do not change while a process runs
def all_rules() -> RuleTable:
    """``RULES`` and the rules that installed packages provide, keyed by name."""
    return RuleTable(RULES, installed())


__all__ = [
    "ALIASES",
    "RULES",
    "AbstractFeedbackRule",
    "AbstractOwnUpdateRule",
    "AbstractPlasticityRule",
    "AbstractRule",
    "AbstractRuleLayer",
    "AbstractSegmentRule",
    "Backprop",
    "BatchRandomSign",
    "BehaviouralTimescale",
    "BienenstockCooperMunro",
    "DirectFeedbackAlignment",
    "DirectRandomTarget",
    "FeedbackAlignment",
    "FixedRandomSign",
    "KolenPollack",
    "LocalLoss",
    "Moment",
    "Oja",
    "PredictiveCoding",
    "ProductFeedback",
    "RuleConv2d",
    "RuleLinear",
    "RuleTable",
    "Segment",
    "SignedDirectFeedback",
    "SoftHebb",
    "SpikeTiming",
    "UniformSign",
    "WeightMirror",
    "Wiring",
    "alignment",
    "all_rules",
    "batch_manhattan",
    "bio_share",
    "connect",
    "convert",
    "first_layer_representatives",
    "parameter_groups",
    "readout_representatives",
    "rule_layers",
    "true_gradient",
    "weights_by_rule",
    "wirings",
]
