"""How many images each class has, and what that means for a score."""

from collections.abc import Sequence


def class_weights(counts: Sequence[int]) -> list[float]:
    """Class weights that balance the classes: N / (K n_k), as scikit-learn's ``balanced``.

    Args:
        counts: images of each class, none of them 0.
    """
    total = sum(counts)
    return [total / (len(counts) * count) for count in counts]


def majority_share(counts: Sequence[int]) -> float:
    """The accuracy of always predicting the largest class."""
    return max(counts) / sum(counts)


def imbalance(counts: Sequence[int]) -> float:
    """Ratio of the largest class to the smallest."""
    return max(counts) / min(counts)
