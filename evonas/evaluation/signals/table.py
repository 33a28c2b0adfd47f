"""Table of the signals by name."""

from evonas.evaluation.signals.gradient_norm import log_gradient_norm
from evonas.evaluation.signals.input_jacobian import log_input_jacobian
from evonas.evaluation.signals.jacobian_covariance import jacobian_covariance
from evonas.evaluation.signals.naswot import naswot
from evonas.evaluation.signals.probe import Signal
from evonas.evaluation.signals.short_training import SHORT_TRAINING
from evonas.evaluation.signals.synflow import log_synflow
from evonas.rules.base import Transport

COSTS = ("params", "multiply-adds")
"""Logarithms of the network's costs."""

TRANSPORTED: tuple[Transport, ...] = ("weights", "signs")
"""Shares of the parameters whose rule transports the weights or only their signs; the other rules
transport nothing. Signals only in spaces where genomes choose rules."""

UNTRAINED: dict[str, Signal] = {
    "naswot": naswot,
    "jacobian": log_input_jacobian,
    "jacobian-covariance": jacobian_covariance,
    "synflow": log_synflow,
    "gradient-norm": log_gradient_norm,
}
"""Signals of an untrained network."""

NETWORK_SIGNALS = (*UNTRAINED, *SHORT_TRAINING)
"""Names of the signals that need a network, and so images."""

FREE, NONE = "free", "none"
