"""Learning rules for convolutions and linear layers, and the layers that carry them.

rule = RULES["fa"]()                                    # or FeedbackAlignment(scale="rms")
layer = RuleConv2d(16, 32, 3, padding=1, rule=rule)
wiring = connect(network, seed=0)                       # once, when the network is built
wiring.aim(labels)                                      # rules that learn from the targets
logits = wiring.watch(network(images))                  # each forward pass
wiring.advance(learning_rate=0.1, weight_decay=5e-4)    # after each step of the optimiser
with true_gradient(network): ...                        # exact gradients, for attacks
"""

if __name__ != "evonas.rules":  # two copies would mean two sets of classes
    raise ImportError(f"import the rules as evonas.rules, not as {__name__}")

from functools import cache

from evonas.rules.alignment import alignment
from evonas.rules.backprop import Backprop
from evonas.rules.base import AbstractFeedbackRule, AbstractRule, AbstractRuleLayer
from evonas.rules.batch_manhattan import batch_manhattan
from evonas.rules.batch_random_sign import BatchRandomSign
from evonas.rules.bcm import BienenstockCooperMunro
from evonas.rules.btsp import BehaviouralTimescale
from evonas.rules.connect import connect, rule_layers, wirings
from evonas.rules.convert import convert
from evonas.rules.direct_feedback_alignment import DirectFeedbackAlignment
from evonas.rules.direct_random_target import DirectRandomTarget
from evonas.rules.exact import true_gradient
from evonas.rules.feedback_alignment import FeedbackAlignment
from evonas.rules.first_layer import first_layer_representatives
from evonas.rules.fixed_random_sign import FixedRandomSign
from evonas.rules.groups import parameter_groups
from evonas.rules.kolen_pollack import KolenPollack
from evonas.rules.layers import RuleConv2d, RuleLinear
from evonas.rules.local_loss import LocalLoss
from evonas.rules.oja import Oja
from evonas.rules.own_update import AbstractOwnUpdateRule, Moment
from evonas.rules.plasticity import AbstractPlasticityRule
from evonas.rules.predictive_coding import PredictiveCoding
from evonas.rules.readout import readout_representatives
from evonas.rules.segment import AbstractSegmentRule, Segment
from evonas.rules.shares import bio_share, weights_by_rule
from evonas.rules.signed_direct_feedback import SignedDirectFeedback
from evonas.rules.soft_hebb import SoftHebb
from evonas.rules.stdp import SpikeTiming
from evonas.rules.third_party import RuleTable, installed
from evonas.rules.uniform_sign import UniformSign
from evonas.rules.wiring import Wiring

RULES: dict[str, type[AbstractRule]] = {
    Backprop.name: Backprop,
    FeedbackAlignment.name: FeedbackAlignment,
    UniformSign.name: UniformSign,
    FixedRandomSign.name: FixedRandomSign,
    BatchRandomSign.name: BatchRandomSign,
    KolenPollack.name: KolenPollack,
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


@cache  # what is installed does not change while a process runs
def all_rules() -> RuleTable:
    """``RULES``, and the rules that installed packages offer."""
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
    "RuleConv2d",
    "RuleLinear",
    "RuleTable",
    "Segment",
    "SignedDirectFeedback",
    "SoftHebb",
    "SpikeTiming",
    "UniformSign",
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
