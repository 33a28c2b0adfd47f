"""An objective of one's own, from a function: what must be said of it besides."""

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
    """A decorator that makes an :class:`Objective` of a function.

    Nothing is registered: a run finds it by ``--objective module:function``.

    Args:
        direction: ``maximise`` or ``minimise``.
        unit: unit of the value.
        cost: ``free`` sees an untrained network and no images, ``forward`` the validation images,
            ``attack`` comes last and may be left out where it cannot change the front.
        error: what the standard error is made of, see :class:`Objective`.
        worst: the value that no candidate can fall behind, if there is one.
        best: the value that no candidate can better, if there is one.
        is_reproducible: whether the same network has the same value again.

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
