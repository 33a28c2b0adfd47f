"""Class balance: weights, majority share and imbalance."""

from collections.abc import Sequence


def class_weights(counts: Sequence[int]) -> list[float]:
    """Weights that make all classes count equally: N / (K n_k), as scikit-learn's ``balanced``.

    Args:
        counts: number of images of each class, at least 1 each.
    """
    total = sum(counts)
    return [total / (len(counts) * count) for count in counts]


def majority_share(counts: Sequence[int]) -> float:
    """Accuracy of always predicting the largest class."""
    return max(counts) / sum(counts)


def imbalance(counts: Sequence[int]) -> float:
    """Ratio of the size of the largest class to that of the smallest."""
    return max(counts) / min(counts)
