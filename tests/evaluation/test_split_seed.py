"""The separate seed of the split; oracle: the images themselves."""

import torch

from evonas.evaluation.data.images import Images
from evonas.evaluation.evaluate import _data, attacked_validation
from evonas.evaluation.protocol import Protocol
from tests.small_run import SMALL_RUN, changed


def parts(*, seed: int, split_seed: int) -> tuple[Images, Images, Images]:
    """The training images, the validation images, and the attacked ones among the latter."""
    protocol = Protocol.of(
        changed(SMALL_RUN, objectives=("acc", "robust"), seed=seed, split_seed=split_seed)
    )
    data, _ = _data(protocol)
    return data.train, data.validation, attacked_validation(protocol)


def test_runs_with_other_seeds_share_split_and_attacked_images() -> None:
    for one, other in zip(parts(seed=1, split_seed=0), parts(seed=2, split_seed=0), strict=True):
        assert torch.equal(one.pixels, other.pixels)
        assert torch.equal(one.labels, other.labels)


def test_other_split_seed_gives_other_images() -> None:
    for one, other in zip(parts(seed=1, split_seed=0), parts(seed=1, split_seed=1), strict=True):
        assert not torch.equal(one.pixels, other.pixels)


def test_candidate_seeds_differ_by_seed_and_replicate() -> None:
    protocols = [Protocol.of(changed(SMALL_RUN, seed=seed)) for seed in (1, 2)]
    seeds = {p.candidate_seed("key", replicate=number) for p in protocols for number in range(3)}
    assert len(seeds) == 6
