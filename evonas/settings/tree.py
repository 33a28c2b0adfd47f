"""All settings of a run as a tree of groups, and as a flat table."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from evonas.settings.attack import AttackSettings
from evonas.settings.machine import MachineSettings
from evonas.settings.problem import ProblemSettings
from evonas.settings.search import SearchSettings
from evonas.settings.setting import Setting, Unset, settings_of
from evonas.settings.training import TrainingSettings


@dataclass(frozen=True)
class Settings:
    """Everything that a user can set for a run.

    Runs with equal settings, apart from those that only affect speed, have equal results. Settings
    that the user leaves open are :class:`Unset` until ``evonas.study.resolve`` fills them in.

    Attributes:
        problem: what to search.
        search: how to search.
        training: what a candidate may cost.
        attack: how a candidate is attacked.
        machine: where the run takes place.

    Examples:
        >>> from evonas import Settings
        >>> Settings().search.population
        20
    """

    problem: ProblemSettings = field(default_factory=ProblemSettings)
    search: SearchSettings = field(default_factory=SearchSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    attack: AttackSettings = field(default_factory=AttackSettings)
    machine: MachineSettings = field(default_factory=MachineSettings)

    def value(self, name: str) -> Any:
        """Return the value of the setting called ``name``."""
        return getattr(getattr(self, SETTINGS[name].group), name)

    def values(self) -> dict[str, Any]:
        """Return the value of every setting by its name, in the order of the tree."""
        return {name: self.value(name) for name in SETTINGS}

    def with_values(self, values: Mapping[str, Any]) -> "Settings":
        """Return the same settings with some values replaced.

        Args:
            values: values by setting name; they are neither converted nor checked.
        """
        merged = {**self.values(), **values}
        return Settings(
            **{
                group: kind(**{each.name: merged[each.name] for each in fields(kind)})
                for group, kind in GROUPS.items()
            }
        )

    @property
    def left_open(self) -> tuple[str, ...]:
        """Names of the settings that are still :class:`Unset`."""
        return tuple(name for name, value in self.values().items() if isinstance(value, Unset))

    def differences(self, other: "Settings") -> list[str]:
        """List ``name: this value and other value`` for differences that may change a result."""
        return [
            f"{name}: {_readable(mine)} and {_readable(theirs)}"
            for name, mine in self.values().items()
            if SETTINGS[name].decides_result and mine != (theirs := other.value(name))
        ]


GROUPS: dict[str, type] = {
    each.name: type(getattr(Settings(), each.name)) for each in fields(Settings)
}
"""Groups of the tree by name; the docstring of each group is its title."""

SETTINGS: dict[str, Setting] = {
    each.name: each for group, kind in GROUPS.items() for each in settings_of(kind, name=group)
}
"""Every setting by its name, which is unique across groups."""


def _readable(value: object) -> str:
    return ",".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)
