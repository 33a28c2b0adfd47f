"""Checks of settings that need nothing but the settings themselves."""

from collections.abc import Iterator
from itertools import pairwise

from evonas.errors import ConfigError
from evonas.registry import suggestion
from evonas.schema import PHRASES
from evonas.settings.setting import Setting, Unset
from evonas.settings.tree import SETTINGS, Settings
from evonas.settings.workers import parse_workers


def check_settings(settings: Settings) -> None:
    """Reject numbers out of range, unknown choices, and settings that contradict each other.

    Unset settings are skipped. Names that a table defines (a rule, a data set) are checked by the
    code that has the table.

    Raises:
        ConfigError: there are problems; the message lists all of them.
    """
    problems = [*_ranges(settings), *_repeats(settings), *_rungs(settings), *_workers(settings)]
    if problems:
        raise ConfigError("; ".join(problems))


def _ranges(settings: Settings) -> Iterator[str]:
    for name, value in settings.values().items():
        known = SETTINGS[name]
        if isinstance(value, int | float):
            if known.at_least is not None and value < known.at_least:
                kind = PHRASES[known.plain_type]
                yield f"{name}: expected {kind} of at least {known.at_least}, got {value}"
            if known.above is not None and value <= known.above:
                kind = PHRASES[known.plain_type]
                yield f"{name}: expected {kind} above {known.above:g}, got {value}"
        if known.choices and not isinstance(value, Unset) and value not in known.choices:
            yield f"{name}: {_unknown(known, value)}"


def _unknown(known: Setting, value: str) -> str:
    hint = suggestion(value, known.choices)
    return f"expected one of {', '.join(known.choices)}, got '{value}'{hint}"


def _repeats(settings: Settings) -> Iterator[str]:
    for name in ("objectives", "rules"):
        values = settings.value(name)
        if isinstance(values, Unset):
            continue
        if not values:
            yield f"{name}: expected at least one name, got none"
        if len(set(values)) < len(values):
            yield f"{name}: a name is repeated: {', '.join(values)}"


def _workers(settings: Settings) -> Iterator[str]:
    workers = settings.machine.workers
    if not isinstance(workers, Unset):
        try:
            parse_workers(str(workers))
        except ConfigError as problem:
            yield str(problem)


def _rungs(settings: Settings) -> Iterator[str]:
    rungs, epochs = settings.training.fidelity, settings.training.epochs
    if not rungs:
        return
    if len(rungs) < 2 or rungs[0] < 1 or any(a >= b for a, b in pairwise(rungs)):
        yield (
            "fidelity: expected at least two increasing numbers of epochs, such as 1,3,9, got "
            + ",".join(map(str, rungs))
        )
    if not isinstance(epochs, Unset) and rungs[-1] != epochs:
        yield (
            f"fidelity: expected to end in the {epochs} epochs of full training, got {rungs[-1]}"
        )
