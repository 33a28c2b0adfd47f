"""Counts with their nouns, for text that people read."""


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """A count with its noun: ``1 candidate``, ``2 candidates``, ``1,200 candidates``.

    Args:
        count: the number.
        noun: its noun in the singular.
        plural: the plural, unless it is the noun with an s.
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"
