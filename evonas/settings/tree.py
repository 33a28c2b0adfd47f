"""All settings of a run as one tree, and the same settings as one flat table."""

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
    """Everything a user can say of a run.

    Two runs whose settings are equal, those aside that only say how fast, have equal results. What
    the user leaves open holds an :class:`Unset` until ``evonas.study.resolve`` fills it in.

    Attributes:
        problem: what to search.
        search: how to search.
        training: what a candidate may cost.
        attack: how it is attacked.
        machine: where it runs.

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
        """The value of the setting called ``name``."""
        return getattr(getattr(self, SETTINGS[name].group), name)

    def values(self) -> dict[str, Any]:
        """The value of every setting by its name, in the order of the tree."""
        return {name: self.value(name) for name in SETTINGS}

    def with_values(self, values: Mapping[str, Any]) -> "Settings":
        """The same settings with some of them replaced.

        Args:
            values: by the names of the settings; nothing is converted or checked.
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
        """The names of the settings that only a run can fill in."""
        return tuple(name for name, value in self.values().items() if isinstance(value, Unset))

    def differences(self, other: "Settings") -> list[str]:
        """``name: value here and value there`` for every difference that may change a result."""
        return [
            f"{name}: {_readable(mine)} and {_readable(theirs)}"
            for name, mine in self.values().items()
            if SETTINGS[name].decides_result and mine != (theirs := other.value(name))
        ]


GROUPS: dict[str, type] = {
    each.name: type(getattr(Settings(), each.name)) for each in fields(Settings)
}
"""The groups of the tree by name; the docstring of each is its title."""

SETTINGS: dict[str, Setting] = {
    each.name: each for group, kind in GROUPS.items() for each in settings_of(kind, name=group)
}
"""Every setting by its name, which no other group uses."""


def _readable(value: object) -> str:
    return ",".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)
