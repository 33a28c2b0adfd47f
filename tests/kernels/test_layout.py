"""Oracles: torch's own outputs and strides; counting."""

import pytest
import torch
import torch.nn.functional as F

from evonas.rules.kernels.layout import empty_outputs, is_addressable, memory_format, to_layout_of


@pytest.mark.parametrize("last", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("geometry", [(1, 1, 1), (2, 1, 1), (2, 4, 2), (1, 0, 2)])
def test_output_shape_and_layout_match_torch(
    geometry: tuple[int, int, int], last: torch.memory_format
) -> None:
    images = torch.ones(2, 3, 9, 8).contiguous(memory_format=last)
    depthwise, pointwise = torch.ones(3, 1, 3, 3), torch.ones(5, 3, 1, 1)
    expected = F.conv2d(F.conv2d(images, depthwise, None, *geometry, 3), pointwise)
    found = empty_outputs(images, depthwise, pointwise, *geometry)
    assert found.shape == expected.shape
    assert memory_format(found) == last


def test_tensors_are_copied_only_if_layout_differs() -> None:
    model = torch.ones(2, 3, 4, 4).contiguous(memory_format=torch.channels_last)
    same, other = to_layout_of([model + 1.0, torch.ones(2, 3, 4, 4)], model)
    assert same.stride() == other.stride() == model.stride()
    assert to_layout_of([same], model)[0].data_ptr() == same.data_ptr()


def test_32_bit_addressing_ends_at_2_to_the_31_elements() -> None:
    assert is_addressable(torch.empty(2**31 - 1, device="meta"))
    assert not is_addressable(torch.empty(2**16, 2**15, device="meta"))


def test_blocks_have_the_smallest_sufficient_power_of_two() -> None:
    pytest.importorskip("triton", reason="the kernels are Triton's")
    from evonas.rules.kernels.device.launch import power_of_two

    for number in range(1, 70):
        found = power_of_two(number)
        assert found.bit_count() == 1
        assert found / 2 < number <= found
    assert [power_of_two(number, least=16) for number in (0, 3, 17)] == [16, 16, 32]
