"""Table of the signals by name."""

from evonas.evaluation.signals.counted_signals import COUNTED
from evonas.evaluation.signals.short_training import SHORT_TRAINING
from evonas.evaluation.signals.supernet_signals import SUPERNET
from evonas.evaluation.signals.untrained.untrained_signals import UNTRAINED

NETWORK_SIGNALS = (*UNTRAINED, *SHORT_TRAINING, *SUPERNET)
"""Names of the signals that need a network, and so images."""

ALL_SIGNALS = (*COUNTED, *NETWORK_SIGNALS)

NONE = "none"
