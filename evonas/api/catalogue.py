"""Tables of the available rules, spaces, objectives, engines and data sets."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, TypeVar

from evonas.errors import DataError, ObjectiveError, RuleError
from evonas.registry import look_up

if TYPE_CHECKING:
    import pandas as pd

    from evonas.evaluation.data.sources.base import AbstractSource
    from evonas.search.base import AbstractSearch

Row = Mapping[str, object]
Entry = TypeVar("Entry")
Problem = TypeVar("Problem", RuleError, ObjectiveError, DataError)


def available(kind: str) -> "pd.DataFrame":
    """List everything that a setting can name, including third-party packages.

    Args:
        kind: ``rules``, ``spaces``, ``objectives``, ``algorithms`` or ``datasets``.

    Returns:
        One row each, indexed by name. Rules and objectives whose package is unusable are left out.

    Raises:
        UnknownNameError: there is no such kind.

    Examples:
        >>> evonas.available("objectives").direction["params"]
        'minimise'
        >>> "usf" in evonas.available("rules").index
        True
    """
    import pandas as pd

    return pd.DataFrame(list(rows_of(kind))).set_index("name")


def rows_of(kind: str) -> Iterable[Row]:
    """The rows of :func:`available`, one by one.

    Raises:
        UnknownNameError: there is no such kind.
    """
    return look_up(KINDS, kind, kind="kind of thing to choose from")()


def rules_and_problems() -> tuple[list[Row], list[RuleError]]:
    """A row for each rule, and the problems of unusable ones."""
    from evonas.rules import all_rules

    return _usable(
        all_rules(),
        RuleError,
        lambda rule: {
            "name": rule.name,
            "rule": rule.title,
            "sends down": rule.sends,
            "transports": rule.transports,
            "source": rule.source,
        },
    )


def objectives_and_problems() -> tuple[list[Row], list[ObjectiveError]]:
    """A row for each objective, and the problems of unusable ones."""
    from evonas.evaluation.objectives import OBJECTIVES

    return _usable(
        OBJECTIVES,
        ObjectiveError,
        lambda each: {
            "name": each.name,
            "unit": each.unit,
            "direction": each.direction,
            "cost": each.cost,
            "error": each.error,
            "meaning": each.meaning,
        },
    )


def _usable(
    table: Mapping[str, Entry], error: type[Problem], row: Callable[[Entry], Row]
) -> tuple[list[Row], list[Problem]]:
    """A row for each entry of a table, and the errors of entries that cannot be loaded."""
    rows, problems = list[Row](), list[Problem]()
    for name in table:
        try:
            rows.append(row(table[name]))
        except error as problem:
            problems.append(problem)
    return rows, problems


def _rules() -> Iterable[Row]:
    return rules_and_problems()[0]


def _spaces() -> Iterable[Row]:
    from evonas.space import load, shipped

    for name in shipped():
        space = load(name)
        num_rules = sum(gene.kind == "rule" for gene in space.genes)
        yield {
            "name": name,
            "operation genes": len(space.genes) - num_rules,
            "rule genes": num_rules,
            "genotypes": space.size,
            "source": space.source,
        }


def _objectives() -> Iterable[Row]:
    return objectives_and_problems()[0]


def _algorithms() -> Iterable[Row]:
    from evonas.search.engines import SEARCHES
    from evonas.search.guided_engines import GUIDED_SEARCHES

    searches: dict[str, type[AbstractSearch]] = {**SEARCHES, **GUIDED_SEARCHES}
    for name, each in searches.items():
        yield {
            "name": name,
            "what it is": each.title,
            "objectives": str(each.max_objectives or f"{each.min_objectives} or more"),
            "asked for": "one by one" if each.is_sequential else "generations",
            "source": each.source,
        }


def datasets_and_problems() -> tuple[list[Row], list[DataError]]:
    """A row for each data set, and the problems of unusable ones."""
    from evonas.evaluation.data.known import all_datasets

    return _usable(all_datasets(), DataError, _dataset_row)


def _dataset_row(source: "AbstractSource") -> Row:
    from evonas.evaluation.data.place import default_data_dir

    row: dict[str, object] = {"name": source.name, "what it shows": source.title}
    try:
        traits = source.traits(default_data_dir())
    except DataError:  # its traits depend on files that are not in the default folder
        return row
    return row | {
        "classes": traits.num_classes,
        "shape": "x".join(map(str, traits.shape)),
        "epochs": traits.epochs,
        "batch": traits.batch,
        "epsilon": traits.epsilon,
    }


def _datasets() -> Iterable[Row]:
    return datasets_and_problems()[0]


KINDS: dict[str, Callable[[], Iterable[Row]]] = {
    "rules": _rules,
    "spaces": _spaces,
    "objectives": _objectives,
    "algorithms": _algorithms,
    "datasets": _datasets,
}
