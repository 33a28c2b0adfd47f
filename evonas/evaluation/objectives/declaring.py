"""The decorator that makes an objective of a user's function."""

from collections.abc import Callable

from evonas.evaluation.objectives.objective import (
    Cost,
    Direction,
    ErrorKind,
    MeasuredValue,
    Objective,
    Subject,
)

Measure = Callable[[Subject], float | MeasuredValue]


def objective(
    *,
    direction: Direction,
    unit: str,
    cost: Cost = "forward",
    error: ErrorKind = "none",
    worst: float | None = None,
    best: float | None = None,
    is_reproducible: bool = True,
) -> Callable[[Measure], Objective]:
    """Make an :class:`Objective` of the decorated function.

    Nothing is registered: a run finds it by ``--objective module:function``.

    Args:
        direction: ``maximise`` or ``minimise``.
        unit: unit of the value.
        cost: ``free`` objectives see an untrained network and no images, ``forward`` objectives
            the validation images; ``attack`` objectives are measured last, and skipped if they
            cannot change the front.
        error: source of the standard error, see :class:`Objective`.
        worst: worst possible value, if there is one.
        best: best possible value, if there is one.
        is_reproducible: whether measuring the same network again gives the same value.

    Examples:
        >>> @evonas.objective(direction="minimise", unit="layers", cost="free")
        ... def depth(subject):
        ...     '''Layers with weights.'''
        ...     return len(evonas.rules.rule_layers(subject.network))
        >>> depth.meaning
        'Layers with weights.'
    """

    def declare(measure: Measure) -> Objective:
        lines = (measure.__doc__ or measure.__name__).strip().splitlines()
        return Objective(
            name=measure.__name__,
            unit=unit,
            direction=direction,
            cost=cost,
            meaning=lines[0],
            worst=worst,
            measure=measure,
            best=best,
            error=error,
            is_reproducible=is_reproducible,
        )

    return declare
