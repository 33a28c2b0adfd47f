"""How many images each class has, and what that means for a score."""

from collections.abc import Sequence


def class_weights(counts: Sequence[int]) -> list[float]:
    """What weighs each class the same: N / (K n_k), as scikit-learn's ``balanced``.

    Args:
        counts: images of each class, none of them 0.
    """
    total = sum(counts)
    return [total / (len(counts) * count) for count in counts]


def majority_share(counts: Sequence[int]) -> float:
    """The accuracy of always naming the largest class."""
    return max(counts) / sum(counts)


def imbalance(counts: Sequence[int]) -> float:
    """Images of the largest class for each of the smallest."""
    return max(counts) / min(counts)
