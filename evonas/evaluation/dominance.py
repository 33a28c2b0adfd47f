"""Pareto dominance between two vectors; does not import torch."""


def dominates(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether ``one`` dominates ``other``: nowhere worse and somewhere better, minimising."""
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))
