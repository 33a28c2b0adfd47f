"""Mini-batches; oracle: counting images."""

import pytest
import torch

from evonas.errors import ConfigError
from evonas.evaluation.data.images import Images
from evonas.evaluation.diagnostics.mini_batches import mini_batches


def numbered(count: int) -> Images:
    """Images whose label is their index."""
    return Images(torch.zeros(count, 1, 2, 2, dtype=torch.uint8), torch.arange(count))


def test_images_do_not_repeat_within_an_epoch() -> None:
    found = mini_batches(numbered(50), batch=12, count=9, seed=0)
    labels = [set(labels.tolist()) for _, labels in found]
    assert [len(some) for some in labels] == [12] * 9
    for first in (0, 4):  # two images of every epoch are left out
        assert len(set.union(*labels[first : first + 4])) == 48


def test_batches_depend_only_on_the_seed() -> None:
    one, same, other = (
        torch.cat([labels for _, labels in mini_batches(numbered(40), batch=8, count=3, seed=s)])
        for s in (0, 0, 1)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_batch_larger_than_the_data_is_rejected() -> None:
    with pytest.raises(ConfigError, match="at most 5 images, got 6"):
        mini_batches(numbered(5), batch=6, count=1, seed=0)
