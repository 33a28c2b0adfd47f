"""Every setting of a run, defined once: name, type, default, unit, help text and allowed values.

The command line, ``config.yaml``, the Python API and the reference page are generated from this
tree. To add a setting, add one field to one group. Nothing here imports torch.
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
