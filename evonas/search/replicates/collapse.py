"""Trainings that collapsed: they learned next to nothing while others of the same network did.

Their values say nothing of the network when it learns, so they are counted and never averaged with
the others.
"""

from collections.abc import Sequence

COLLAPSED_SHARE = 0.25
"""Of what the best training learned: one that learned no more has collapsed."""


def collapsed(learned: Sequence[float | None]) -> list[bool]:
    """For each training of one network whether it collapsed.

    Args:
        learned: of each training, from 0 (chance) to 1; ``None`` where that is not known, and
            nothing is said of it then.

    Returns:
        True where no more was learned than :data:`COLLAPSED_SHARE` of the best training. Where all
        are at chance none has collapsed: then that is what the network does.
    """
    known = [level for level in learned if level is not None]
    best = max(known, default=0.0)
    if best <= 0.0:
        return [False] * len(learned)
    return [level is not None and level <= COLLAPSED_SHARE * best for level in learned]
