"""Settings: what to search. The space, its rules, the objectives and the constraints."""

from dataclasses import dataclass

from evonas.settings.setting import setting, unset


@dataclass(frozen=True)
class ProblemSettings:
    """What to search."""

    space: str = setting(
        "A shipped search space, or the path of a YAML file.",
        default=unset("required"),
        table="spaces",
        example="nas-bench-201",
    )
    rules: tuple[str, ...] = setting(
        "Learning rules to choose from.",
        default=unset("the space's own"),
        table="rules",
        example="fa,usf,brsf",
    )
    objectives: tuple[str, ...] = setting(
        "What to optimise; give your own objective as module:function.",
        default=("acc", "robust"),
        table="objectives",
        example="acc,robust",
        also="objective",
    )
    constraints: tuple[str, ...] = setting(
        "A bound that candidates must satisfy; repeatable.",
        default=(),
        example="params<=1.0M",
        option="constraint",
    )
