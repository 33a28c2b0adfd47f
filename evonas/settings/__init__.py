"""Every setting of a run, said once: name, type, default, unit, one line of help, what is allowed.

The command line, ``config.yaml``, the Python API and the reference page are made from this tree. A
new setting is one field of one group. Nothing here imports torch.
"""

from evonas.settings.attack import AttackSettings
from evonas.settings.machine import MachineSettings
from evonas.settings.problem import ProblemSettings
from evonas.settings.search import SearchSettings
from evonas.settings.setting import Setting, Unset, unset
from evonas.settings.training import TrainingSettings
from evonas.settings.tree import SETTINGS, Settings

__all__ = [
    "SETTINGS",
    "AttackSettings",
    "MachineSettings",
    "ProblemSettings",
    "SearchSettings",
    "Setting",
    "Settings",
    "TrainingSettings",
    "Unset",
    "unset",
]
