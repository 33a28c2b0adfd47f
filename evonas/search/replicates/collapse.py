"""Collapsed trainings: they learned next to nothing while others of the same network did learn.

Their values say nothing about the network when it does learn. They are counted, but never averaged
with the others.
"""

from collections.abc import Sequence

COLLAPSED_SHARE = 0.25
"""A training has collapsed if it learned at most this share of what the best training did."""


def collapsed(learned: Sequence[float | None]) -> list[bool]:
    """Return for each training of one network whether it collapsed.

    Args:
        learned: level that each training reached, from 0 (chance) to 1; ``None`` if unknown, in
            which case the training does not count as collapsed.

    Returns:
        True for trainings that reached at most :data:`COLLAPSED_SHARE` of the best level. If all
        are at chance, none has collapsed: the network itself does not learn.
    """
    known = [level for level in learned if level is not None]
    best = max(known, default=0.0)
    if best <= 0.0:
        return [False] * len(learned)
    return [level is not None and level <= COLLAPSED_SHARE * best for level in learned]
