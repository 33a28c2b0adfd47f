"""Which of two vectors is better; torch is not needed for it."""


def dominates(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether ``one`` is at least as good everywhere and better somewhere; both are minimised."""
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))
