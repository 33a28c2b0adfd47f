"""Collapsed trainings: they learned next to nothing while others of the same network did.

Their values are not informative about the network when it learns, so they are counted but never
averaged with the others.
"""

from collections.abc import Sequence

COLLAPSED_SHARE = 0.25
"""Share of the best training's learning; a training that learned no more has collapsed."""


def collapsed(learned: Sequence[float | None]) -> list[bool]:
    """For each training of one network whether it collapsed.

    Args:
        learned: of each training, from 0 (chance) to 1; ``None`` if unknown, which never counts as
            collapsed.

    Returns:
        True if no more was learned than :data:`COLLAPSED_SHARE` of the best training. If all are
        at chance, none has collapsed: the network does not learn.
    """
    known = [level for level in learned if level is not None]
    best = max(known, default=0.0)
    if best <= 0.0:
        return [False] * len(learned)
    return [level is not None and level <= COLLAPSED_SHARE * best for level in learned]
