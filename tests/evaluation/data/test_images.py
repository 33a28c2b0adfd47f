"""Images hold bytes of one shape and give floats in [0, 1]."""

import pytest
import torch

from evonas.errors import DataError
from evonas.evaluation.data.images import Images, unit_pixels


def test_unit_pixels_divide_bytes_by_255() -> None:
    pixels = unit_pixels(torch.arange(256, dtype=torch.uint8).view(2, 2, 8, 8)).flatten()
    assert pixels.tolist() == pytest.approx([i / 255 for i in range(256)], abs=1e-7)
    assert pixels[[0, 255]].tolist() == [0.0, 1.0]


def test_subset_keeps_images_and_labels_in_requested_order() -> None:
    images = Images(torch.arange(4, dtype=torch.uint8).view(4, 1, 1, 1), torch.arange(4))
    subset = images.subset(torch.tensor([3, 1]))
    assert subset.pixels.flatten().tolist() == subset.labels.tolist() == [3, 1]
    assert len(subset) == 2


@pytest.mark.parametrize(
    ("pixels", "labels", "message"),
    [
        (torch.zeros(2, 1, 2, 2), torch.zeros(2, dtype=torch.int64), "pixels: expected uint8"),
        (torch.zeros(2, 2, 2, dtype=torch.uint8), torch.zeros(2).long(), "pixels: expected uint8"),
        (torch.zeros(2, 1, 2, 2).byte(), torch.zeros(3).long(), r"labels: expected int64 \(2,\)"),
        (torch.zeros(2, 1, 2, 2).byte(), torch.zeros(2), r"labels: expected int64 \(2,\)"),
    ],
)
def test_wrong_types_and_shapes_are_rejected(
    pixels: torch.Tensor, labels: torch.Tensor, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        Images(pixels, labels)
