"""Stratified parts; oracle: the definition of proportional sampling."""

from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from evonas.errors import DataError
from evonas.evaluation.data.split import share_of, stratified_part

LABELS = st.lists(st.integers(0, 4), min_size=1, max_size=60)


@given(labels=LABELS, share=st.floats(0, 1), seed=st.integers(0, 2**63 - 1))
def test_part_and_rest_partition_the_set_with_class_proportions(
    labels: list[int], share: float, seed: int
) -> None:
    size = int(share * len(labels))
    part, rest = stratified_part(torch.tensor(labels), num_images=size, seed=seed)
    assert len(part) == size
    assert sorted(part.tolist() + rest.tolist()) == list(range(len(labels)))
    counts, taken = Counter(labels), Counter(labels[i] for i in part.tolist())
    for label, count in counts.items():
        assert abs(taken[label] - size * count / len(labels)) < 1


def test_part_depends_only_on_the_seed() -> None:
    labels = torch.arange(10).repeat(50)
    first, again, other = (
        stratified_part(labels, num_images=100, seed=seed)[0] for seed in (1, 1, 2)
    )
    assert first.equal(again)
    assert not first.equal(other)


def test_images_of_a_class_are_picked_with_equal_probability() -> None:
    labels = torch.tensor([0] * 8 + [1] * 4)
    picks = torch.cat([stratified_part(labels, num_images=6, seed=s)[0] for s in range(2000)])
    # Half of each class: 1000 expected, standard deviation 22.4.
    assert (picks.bincount(minlength=12) - 1000).abs().max() < 5 * 22.4


def test_too_large_part_is_rejected_with_both_numbers() -> None:
    with pytest.raises(DataError, match=r"training images: asked for 5, but there are 4"):
        stratified_part(torch.zeros(4), num_images=5, seed=0, what="training images")


def test_share_of_rounds_halves_up() -> None:
    assert [share_of(5, 0.5), share_of(6, 0.5), share_of(1797, 0.2)] == [3, 3, 359]
